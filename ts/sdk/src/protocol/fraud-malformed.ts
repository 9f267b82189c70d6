import type { Hex } from 'viem';
import { encodeCredit, encodePayout } from './attribution.ts';
import { concat, keccak, ProtocolError, sameHex } from './bytes.ts';
import type { FraudProof } from './fraud.ts';
import { type OpenedClaim, openPayout, openVoucher } from './open-claim.ts';
import { encodeReceipt, GWEI } from './receipts.ts';
import { encodeSumChildren, proveSum, type SumNode, type SumTree, sumNodeAt, sumRootFrom } from './trees.ts';
import { encodeMalformedWitness, MALFORMED_TREE, type MalformedWitness } from './witness.ts';

/** Deepest credits tree that the predicate accepts: credit indices have 32 bits. */
const MAX_CREDITS_DEPTH = 32;

type Subject = Pick<MalformedWitness, 'tree'> & Partial<MalformedWitness>;

/** Preimage of a leaf with its tag, and whether the leaf may be where it is with this sum. */
type LeafCheck = (index: number, sum: bigint) => { preimage: Uint8Array; isRight: boolean } | undefined;

/** Trees that do not add up or hold something that does not belong where it is. */
export function* findMalformed(opened: OpenedClaim): Generator<FraudProof> {
  yield* findMalformedPayouts(opened);
  yield* findMalformedCredits(opened);
  yield* findMalformedReceipts(opened);
}

function* findMalformedPayouts({ payouts, context }: OpenedClaim): Generator<FraudProof> {
  if (!payouts) return;
  const { claim } = context;
  const root = { hash: claim.payoutsRoot, sum: claim.payoutsTotal };
  yield* findBroken(payouts.tree, root, { tree: MALFORMED_TREE.payouts }, 'payouts', (index, sum) => {
    const payout = payouts.byAsset.get(index);
    if (!payout) return undefined;
    const isTooDeep = payout.seq === claim.seq && payout.creditsDepth > MAX_CREDITS_DEPTH;
    const isRight = payout.asset === index && payout.cumulative === sum && !isTooDeep;
    return { preimage: concat(Uint8Array.of(0x15), encodePayout(payout)), isRight };
  });
}

function* findMalformedCredits({ payouts, credits, context }: OpenedClaim): Generator<FraudProof> {
  if (!payouts) return;
  const { claim } = context;
  for (const [asset, { record, tree }] of credits) {
    const payout = payouts.byAsset.get(asset);
    if (!payout) continue;
    const root = { hash: payout.creditsHash, sum: payout.delta };
    const leaf: LeafCheck = (index, sum) => {
      const credit = record.credits[index];
      if (!credit) return undefined;
      return { preimage: concat(Uint8Array.of(0x14), encodeCredit(credit)), isRight: credit.amount === sum };
    };
    for (const proof of findBroken(
      tree,
      root,
      { tree: MALFORMED_TREE.credits },
      `credits of asset ${asset}`,
      leaf,
      () => openPayout(payouts, { hash: claim.payoutsRoot, sum: claim.payoutsTotal }, asset),
    )) {
      yield proof;
    }
  }
}

function* findMalformedReceipts({ vouchers }: OpenedClaim): Generator<FraudProof> {
  for (const voucher of vouchers) {
    const { tree, record, receipts } = voucher;
    if (!tree) continue;
    const root = { hash: record.receiptsRoot, sum: record.fee };
    const what = `receipts of epoch ${record.epoch} of channel ${record.channelId}`;
    yield* findBroken(
      tree,
      root,
      { tree: MALFORMED_TREE.receipts },
      what,
      (index, sum) => {
        const receipt = receipts[index]?.receipt;
        if (!receipt) return undefined;
        const isRight =
          receipt.fee === sum &&
          receipt.fee % GWEI === 0n &&
          receipt.position === index &&
          receipt.epoch === record.epoch &&
          sameHex(receipt.channelId, record.channelId);
        return { preimage: concat(Uint8Array.of(0x10), encodeReceipt(receipt)), isRight };
      },
      () => openVoucher(voucher),
    );
  }
}

/**
 * The broken nodes of a tree that can be proven: their path leads to the root with the sums as recorded. From the
 * root down, because a broken node hides those below it.
 */
function* findBroken(
  tree: SumTree,
  root: SumNode,
  subject: Subject,
  what: string,
  leafAt: LeafCheck,
  open: () => Partial<MalformedWitness> | undefined = () => ({}),
): Generator<FraudProof> {
  for (let height = tree.depth; height >= 0; height--) {
    for (const index of nodesAt(tree, height)) {
      const { hash, sum } = height === tree.depth ? root : sumNodeAt(tree, height, index);
      const found = height === 0 ? leaf(index, sum) : inner(height, index, sum);
      if (!found || found.isRight || !sameHex(keccak(found.preimage), hash)) continue;
      const path = proveSum(tree, index, height);
      if (!leadsTo(root, { hash, sum }, index, tree.depth, path, height)) continue;
      const opening = open();
      if (!opening) continue;
      yield {
        predicate: 'MalformedPredicate',
        reason: `In the ${what}, node ${index} of height ${height} is recorded with ${sum}, which is not what is under it.`,
        witness: encodeMalformedWitness({
          ...subject,
          ...opening,
          height,
          index,
          hash,
          sum,
          path,
          preimage: found.preimage,
        }),
      };
    }
  }

  function leaf(index: number, sum: bigint): { preimage: Uint8Array; isRight: boolean } | undefined {
    return leafAt(index, sum) ?? { preimage: Uint8Array.of(0x02), isRight: sum === 0n };
  }

  function inner(height: number, index: number, sum: bigint): { preimage: Uint8Array; isRight: boolean } {
    const [left, right] = [
      sumNodeAt(tree, height - 1, 2 * index),
      sumNodeAt(tree, height - 1, 2 * index + 1),
    ];
    const preimage = concat(Uint8Array.of(0x01), encodeSumChildren(left, right));
    return { preimage, isRight: left.sum + right.sum === sum };
  }
}

function nodesAt(tree: SumTree, height: number): Iterable<number> {
  return height === tree.depth ? [0] : tree.levels[height]!.keys();
}

function leadsTo(
  root: SumNode,
  node: { hash: Hex; sum: bigint },
  index: number,
  depth: number,
  path: Uint8Array,
  height: number,
): boolean {
  try {
    const found = sumRootFrom(node, index, depth, path, height);
    return sameHex(found.hash, root.hash) && found.sum === root.sum;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
