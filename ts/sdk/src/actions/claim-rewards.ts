import { stakerRewardsAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Pays the caller's staking rewards. */
export function claimRewards(client: ActionClient, parameters: OnChain): Promise<Sent> {
  const { book } = parameters;
  return transact(client, {
    book,
    contract: 'StakerRewards',
    abi: stakerRewardsAbi,
    functionName: 'claimRewards',
    args: [],
  });
}
