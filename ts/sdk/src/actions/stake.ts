import { stakerRewardsAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Tiers of passive staking: flexible, or locked for so many days for a greater weight. */
export const STAKE_TIER = { flexible: 0, days30: 1, days90: 2, days180: 3, days365: 4 } as const;

/** Stakes passively (default: flexibly): earns the stakers' share of fees. */
export function stake(
  client: ActionClient,
  parameters: OnChain & { tier?: keyof typeof STAKE_TIER; value: bigint },
): Promise<Sent> {
  const { book, tier = 'flexible', value } = parameters;
  return transact(client, {
    book,
    contract: 'StakerRewards',
    abi: stakerRewardsAbi,
    functionName: 'deposit',
    args: [STAKE_TIER[tier]],
    value,
  });
}
