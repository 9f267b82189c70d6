import { encodeAbiParameters, type Hex } from 'viem';
import { toHex } from './bytes.ts';
import { CLAIM_ABI } from './claim-id.ts';
import type { Claim } from './claims.ts';

/**
 * Witnesses of the fraud predicates, as `src/types/Witness.sol` declares them: each is the ABI encoding of the fields
 * as a plain argument list. Byte strings are packed preimages without their tag; an empty one in the place of a payout
 * or sketch means "absent". Paths are `bitmap5 ‖ siblings`. Those about evidence other than scores are in `witness-evidence.ts`.
 */
export const PREDICATES = [
  'AllocationPredicate',
  'CreditPredicate',
  'TransitionPredicate',
  'MalformedPredicate',
  'ScorePredicate',
  'OmissionPredicate',
  'SpanPredicate',
  'SpanOmissionPredicate',
  'RetrievalPredicate',
] as const;
export type PredicateName = (typeof PREDICATES)[number];

export const NOTHING = new Uint8Array(0);

/** Opens an attribution leaf. */
export type AttributionOpening = {
  attribution: Uint8Array;
  creditIndexes: Uint8Array;
  attributionPath: Uint8Array;
};

/** Opens a voucher in its batch. */
export type VoucherOpening = {
  voucher: Uint8Array;
  voucherPath: Uint8Array;
  voucherIndex: number;
  batch: number;
};

/** Opens a receipt in its voucher. */
export type ReceiptOpening = VoucherOpening & { receipt: Uint8Array; receiptPath: Uint8Array };

export type AllocationWitness = AttributionOpening & ReceiptOpening;

/** ABI types of {@link allocationValues}. */
export const ALLOCATION_TYPES = 'bytes bytes bytes bytes bytes bytes bytes uint32 uint32';

/** What opens an attribution and its receipt, in the order of the contracts' struct. */
export function allocationValues(w: AllocationWitness): (Hex | number)[] {
  return [
    toHex(w.attribution),
    toHex(w.creditIndexes),
    toHex(w.attributionPath),
    toHex(w.receipt),
    toHex(w.receiptPath),
    toHex(w.voucher),
    toHex(w.voucherPath),
    w.voucherIndex,
    w.batch,
  ];
}

/** Witness of the AllocationPredicate. */
export function encodeAllocationWitness(w: AllocationWitness): Hex {
  return encodeAbiParameters(types(ALLOCATION_TYPES), allocationValues(w));
}

export type ScoreWitness = AttributionOpening & {
  position: number;
  item: number;
  /** May be left out when the proof is absence or a sigma above the cap. */
  query?: Uint8Array;
  /** Left out: absent. */
  sketch?: Uint8Array;
  sketchPath: Uint8Array;
};

/** Witness of the ScorePredicate. */
export function encodeScoreWitness(w: ScoreWitness): Hex {
  return encodeAbiParameters(types('bytes bytes bytes uint32 uint8 bytes bytes bytes'), [
    toHex(w.attribution),
    toHex(w.creditIndexes),
    toHex(w.attributionPath),
    w.position,
    w.item,
    toHex(w.query ?? NOTHING),
    toHex(w.sketch ?? NOTHING),
    toHex(w.sketchPath),
  ]);
}

export type CreditWitness = Partial<AttributionOpening> & {
  /** False: item → credit. True: credit → item. */
  fromCredit: boolean;
  position: number;
  item: number;
  payout?: Uint8Array;
  payoutPath?: Uint8Array;
  credit?: Uint8Array;
  creditPath?: Uint8Array;
  creditIndex: number;
};

/** Witness of the CreditPredicate. */
export function encodeCreditWitness(w: CreditWitness): Hex {
  return encodeAbiParameters(types('bool bytes bytes bytes uint32 uint8 bytes bytes bytes bytes uint32'), [
    w.fromCredit,
    toHex(w.attribution ?? NOTHING),
    toHex(w.creditIndexes ?? NOTHING),
    toHex(w.attributionPath ?? NOTHING),
    w.position,
    w.item,
    toHex(w.payout ?? NOTHING),
    toHex(w.payoutPath ?? NOTHING),
    toHex(w.credit ?? NOTHING),
    toHex(w.creditPath ?? NOTHING),
    w.creditIndex,
  ]);
}

export type TransitionWitness = {
  asset: number;
  oldPayout?: Uint8Array;
  oldPath?: Uint8Array;
  newPayout?: Uint8Array;
  newPath?: Uint8Array;
  parent: Claim;
};

/** Witness of the TransitionPredicate. */
export function encodeTransitionWitness(w: TransitionWitness): Hex {
  return encodeAbiParameters(
    [...types('uint40 bytes bytes bytes bytes'), { type: 'tuple', components: CLAIM_ABI }],
    [
      w.asset,
      toHex(w.oldPayout ?? NOTHING),
      toHex(w.oldPath ?? NOTHING),
      toHex(w.newPayout ?? NOTHING),
      toHex(w.newPath ?? NOTHING),
      w.parent,
    ] as never,
  );
}

/** Which tree a Malformed proof is about. */
export const MALFORMED_TREE = { receipts: 0, payouts: 1, credits: 2 } as const;

export type MalformedWitness = Partial<VoucherOpening> & {
  tree: (typeof MALFORMED_TREE)[keyof typeof MALFORMED_TREE];
  height: number;
  index: number;
  hash: Hex;
  sum: bigint;
  path: Uint8Array;
  /** With its tag. */
  preimage: Uint8Array;
  payout?: Uint8Array;
  payoutPath?: Uint8Array;
};

/** Witness of the MalformedPredicate. */
export function encodeMalformedWitness(w: MalformedWitness): Hex {
  return encodeAbiParameters(
    types('uint8 uint8 uint40 bytes32 uint96 bytes bytes bytes bytes uint32 uint32 bytes bytes'),
    [
      w.tree,
      w.height,
      w.index,
      w.hash,
      w.sum,
      toHex(w.path),
      toHex(w.preimage),
      toHex(w.voucher ?? NOTHING),
      toHex(w.voucherPath ?? NOTHING),
      w.voucherIndex ?? 0,
      w.batch ?? 0,
      toHex(w.payout ?? NOTHING),
      toHex(w.payoutPath ?? NOTHING),
    ],
  );
}

export function types(list: string): { type: string }[] {
  return list.split(' ').map((type) => ({ type }));
}
