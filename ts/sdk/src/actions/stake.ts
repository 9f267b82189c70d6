import { stakerRewardsAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Stakes passively: earns the stakers' share of fees. */
export function stake(client: ActionClient, parameters: OnChain & { value: bigint }): Promise<Sent> {
  const { book, value } = parameters;
  return transact(client, {
    book,
    contract: 'StakerRewards',
    abi: stakerRewardsAbi,
    functionName: 'deposit',
    args: [],
    value,
  });
}
