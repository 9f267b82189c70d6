/** The leaves and trees of a claim's parts, as plainly as docs/formats.md says them. Shares nothing with ts/sdk or src/. */
import { concatHex, encodePacked, type Hex, keccak256 } from 'viem';
import type { Attribution, Credit, Draft, Payout, Sketch, Voucher } from './claims.ts';
import * as naive from './hashes.ts';
import { type Nodes, sumNodes } from './nodes.ts';
import { depth, type Leaf, proof } from './trees.ts';

export const sketchPreimage = ({ asset, sigma, a, rows }: Sketch): Hex =>
  encodePacked(['uint40', 'uint32', 'bytes', 'bytes32'], [asset, sigma, naive.nibbles(a), rows]);
export const sketchLeaves = (sketches: Sketch[]): Leaf[] =>
  sketches.map((one) => ({
    position: one.asset,
    hash: keccak256(concatHex(['0x16', sketchPreimage(one)])),
    sum: 0n,
  }));

export const attributionPreimage = (a: Attribution): Hex =>
  encodePacked(
    ['bytes32', 'uint40', 'uint96', 'bytes32', 'bytes'],
    [a.receiptHash, a.modelId, a.fee, a.queryHash, naive.itemsBytes(a.items)],
  );
export const creditIndexes = (a: Attribution): Hex =>
  a.creditIndex.length === 0
    ? '0x'
    : encodePacked(
        a.creditIndex.map(() => 'uint32' as const),
        a.creditIndex,
      );
export const attributionLeaves = (x: Draft): Leaf[] =>
  x.attributions.flatMap((a, position) => {
    if (!a) return [];
    const inner = keccak256(concatHex(['0x12', attributionPreimage(a)]));
    return [{ position, hash: keccak256(concatHex(['0x13', inner, creditIndexes(a)])), sum: 0n }];
  });
export const attributionPath = (x: Draft, r: number): Hex =>
  proof(attributionLeaves(x), depth(x.claim.receiptCount), false, r);

export const payoutPreimage = (p: Payout): Hex =>
  encodePacked(
    ['uint40', 'uint32', 'uint96', 'uint96', 'bytes32', 'uint8'],
    [p.asset, p.seq, p.cumulative, p.delta, p.hash, p.depth],
  );
export const payoutNodes = (x: Draft): Nodes =>
  sumNodes(
    x.claim.payoutsDepth,
    new Map(
      [...x.payouts].map(([position, p]) => [
        position,
        { preimage: concatHex(['0x15', payoutPreimage(p)]), sum: x.recorded.get(position)! },
      ]),
    ),
    x.payoutsShift,
  );

export const creditPreimage = (c: Credit): Hex =>
  encodePacked(['uint40', 'uint8', 'uint96'], [c.receiptNumber, c.item, c.amount]);
export function creditNodes(x: Draft, asset: number): Nodes {
  const credits = x.credits.get(asset) ?? [];
  return sumNodes(
    depth(credits.length),
    new Map(credits.map((c, i) => [i, { preimage: concatHex(['0x14', creditPreimage(c)]), sum: c.amount }])),
    x.creditsShift?.asset === asset ? x.creditsShift.shift : undefined,
  );
}

export const receiptNodes = (v: Voucher): Nodes =>
  sumNodes(
    depth(v.count),
    new Map(
      v.receipts.map((r, i) => [i, { preimage: concatHex(['0x10', naive.receiptPreimage(r)]), sum: r.fee }]),
    ),
    v.shift,
  );
export const voucherPreimage = (v: Voucher): Hex =>
  encodePacked(
    ['bytes32', 'uint32', 'bytes32', 'uint32', 'uint96', 'uint40'],
    [v.channelId, v.epoch, receiptNodes(v).root.hash, v.count, v.fee, v.first],
  );
export const voucherLeaves = (vouchers: Voucher[]): Leaf[] =>
  vouchers.map((v, position) => ({
    position,
    hash: keccak256(concatHex(['0x11', voucherPreimage(v)])),
    sum: 0n,
  }));
