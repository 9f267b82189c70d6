import { parseAsset } from '@openledger/sdk/protocol/assets';
import { type DisclosedReceipt, decodeClaimData } from '@openledger/sdk/protocol/claim-data';
import type { Hex } from 'viem';
import type { BaselineShare, Payout } from '../../lib/payouts.ts';
import type { ReceiptView } from '../../lib/receipts.ts';

/** What an asset has earned, by how far it is on its way to the owner. */
export type Earnings = {
  asset: number;
  /** Of answers that no claim covers yet: a forecast. */
  accrued: bigint;
  /** In a claim whose window is open. */
  open: bigint;
  /** In final claims, in all. */
  final: bigint;
  /** Of that, already sent. */
  paid: bigint;
  /** What can be sent now, with the asset's shares of baselines. */
  payable: bigint;
};

/** Amounts per asset of answers that are not claimed yet. */
export function accruedOf(views: readonly ReceiptView[]): Map<number, bigint> {
  const waiting = views.filter(({ status }) => status !== 'claimed' && status !== 'final');
  return sumByAsset(waiting.flatMap(({ attribution }) => attribution?.items ?? []));
}

/** Amounts per asset in a claim's data, as it was published with the claim. */
export function claimedOf(claimData: Hex): Map<number, bigint> {
  return sumByAsset(decodeClaimData(claimData).flatMap(({ items }: DisclosedReceipt) => items));
}

function sumByAsset(items: readonly { asset: number; amount: bigint }[]): Map<number, bigint> {
  const sums = new Map<number, bigint>();
  for (const { asset, amount } of items) sums.set(asset, (sums.get(asset) ?? 0n) + amount);
  return sums;
}

/** Puts everything known about the assets together; assets that earned nothing are left out. */
export function earningsOf(
  accrued: ReadonlyMap<number, bigint>,
  open: ReadonlyMap<number, bigint>,
  payouts: readonly Pick<Payout, 'asset' | 'cumulative' | 'paid' | 'payable'>[],
  shares: readonly Pick<BaselineShare, 'asset' | 'payable'>[] = [],
): Earnings[] {
  const assets = new Set([
    ...accrued.keys(),
    ...open.keys(),
    ...payouts.map(({ asset }) => asset),
    ...shares.map(({ asset }) => asset),
  ]);
  return [...assets]
    .toSorted((a, b) => order(a) - order(b) || a - b)
    .map((asset) => {
      const payout = payouts.find((one) => one.asset === asset);
      return {
        asset,
        accrued: accrued.get(asset) ?? 0n,
        open: open.get(asset) ?? 0n,
        final: payout?.cumulative ?? 0n,
        paid: payout?.paid ?? 0n,
        payable: shares
          .filter((share) => share.asset === asset)
          .reduce((sum, share) => sum + share.payable, payout?.payable ?? 0n),
      };
    })
    .filter(({ accrued: a, open: o, final: f, payable }) => a + o + f + payable > 0n);
}

/** Contributions first, then models, then what models share out, then the treasury. */
function order(asset: number): number {
  const parsed = parseAsset(asset);
  return parsed === undefined ? 3 : parsed.kind;
}
