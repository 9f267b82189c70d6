import type { Hex } from 'viem';
import { z } from 'zod';
import { fromUtf8, ProtocolError, utf8 } from './bytes.ts';
import type { ClaimTrees } from './claim-trees.ts';
import { MAX_CONTEXT_ROWS } from './context.ts';
import { blobId, canonicalJson, hashSchema, parseStoreUri, storeUri } from './store.ts';

/**
 * The tree dump: everything under a claim's roots, published in the content store by whoever proposes the claim.
 * An honest one can be rebuilt from the chain; a tampered one is what a fraud proof opens. Amounts and scores are
 * decimal strings, missing leaves are null.
 */
const amountSchema = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,28})$/, 'must be a decimal number')
  .transform(BigInt)
  .refine((amount) => amount < 1n << 96n, 'must fit into 96 bits');
const scoreSchema = z
  .string()
  .regex(/^(0|-?[1-9][0-9]{0,18})$/, 'must be a decimal number')
  .transform(BigInt)
  .refine((score) => score === BigInt.asIntN(64, score), 'must fit into 64 bits');
const unsigned = (bits: number) =>
  z
    .number()
    .int()
    .min(0)
    .max(2 ** bits - 1);

const itemSchema = z.strictObject({
  asset: unsigned(40),
  kind: unsigned(8).transform((kind) => kind as 0 | 1 | 2 | 3 | 4 | 5 | 6),
  score: scoreSchema,
  amount: amountSchema,
  evidence: z
    .string()
    .regex(/^0x[0-9a-f]{28}$/)
    .transform((text) => text as Hex),
});
const nodeSchema = z.strictObject({
  level: unsigned(8).max(40),
  index: unsigned(40),
  hash: hashSchema,
  sum: amountSchema,
});
const creditSchema = z.strictObject({ receiptNumber: unsigned(40), item: unsigned(8), amount: amountSchema });
const contextRowSchema = z.strictObject({
  asset: unsigned(40),
  row: unsigned(32),
  score: scoreSchema,
  bytesHash: hashSchema,
});
const depthSchema = unsigned(8).max(40);

const dumpSchema = z.strictObject({
  type: z.literal('claim-trees'),
  version: z.literal(1),
  attributions: z.array(
    z
      .strictObject({
        attribution: z.strictObject({
          receiptHash: hashSchema,
          modelId: unsigned(40),
          fee: amountSchema,
          queryHash: hashSchema,
          items: z.array(itemSchema).max(255),
        }),
        creditIndices: z.array(unsigned(32)).max(255),
      })
      .nullable(),
  ),
  payouts: z.strictObject({
    depth: depthSchema,
    payouts: z.array(
      z.strictObject({
        position: unsigned(40),
        asset: unsigned(40),
        seq: unsigned(32),
        cumulative: amountSchema,
        delta: amountSchema,
        creditsHash: hashSchema,
        creditsDepth: unsigned(8),
      }),
    ),
    nodes: z.array(nodeSchema),
  }),
  credits: z.array(
    z.strictObject({
      asset: unsigned(40),
      depth: depthSchema,
      credits: z.array(creditSchema.nullable()),
      nodes: z.array(nodeSchema),
    }),
  ),
  contexts: z
    .array(z.strictObject({ position: unsigned(32), rows: z.array(contextRowSchema).max(MAX_CONTEXT_ROWS) }))
    .optional(),
});

/** Bytes of a claim's tree dump: RFC 8785 JSON. */
export function encodeDump(trees: ClaimTrees): Uint8Array<ArrayBuffer> {
  const { contexts = [], ...committed } = trees;
  const rest = contexts.length === 0 ? {} : { contexts };
  const json = JSON.stringify({ type: 'claim-trees', version: 1, ...committed, ...rest }, (_, value) => {
    if (typeof value === 'bigint') return value.toString();
    return value === undefined ? null : value;
  });
  return utf8(canonicalJson(JSON.parse(json)));
}

/** Reads a tree dump; throws with the first wrong field when it is not one. */
export function decodeDump(bytes: Uint8Array): ClaimTrees {
  const parsed = dumpSchema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new ProtocolError(`The tree dump is malformed at ${path.join('.') || 'its top'}: ${message}.`);
  }
  const { attributions, payouts, credits, contexts } = parsed.data;
  return {
    attributions: attributions.map((one) => one ?? undefined),
    payouts,
    credits: credits.map((record) => ({ ...record, credits: record.credits.map((one) => one ?? undefined) })),
    ...(contexts && { contexts }),
  };
}

/** Locator of a dump, as a claim publishes it: `store:0x…` in UTF-8. */
export function dumpLocator(dump: Uint8Array): Uint8Array<ArrayBuffer> {
  return utf8(storeUri(blobId(dump)));
}

/** Blob id of the dump that a locator names. */
export function parseLocator(locator: Uint8Array): Hex {
  return parseStoreUri(fromUtf8(locator));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes));
  } catch {
    throw new ProtocolError('The tree dump is not JSON.');
  }
}
