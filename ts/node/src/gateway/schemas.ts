import { z } from '@hono/zod-openapi';

/** Shapes that answers of several operations share. Amounts are decimal strings in wei: they outgrow JSON's numbers. */
export const amount = z.string().regex(/^\d+$/).openapi('Amount', { example: '9350000000000000' });
export const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/)
  .openapi('Hash');
export const hexBytes = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/)
  .openapi('HexBytes');
export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .openapi('Address');
export const natural = z.number().int().min(0);

/** An id that stands in a path. */
export const hashParam = z.object({
  id: z
    .string()
    .regex(/^0x[0-9a-fA-F]{64}$/, 'is not an id: use 0x and 64 hexadecimal digits')
    .transform((text) => text.toLowerCase() as `0x${string}`),
});

/** What OpenAI clients expect of an error, with what to do next beside it. */
export const errorSchema = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.enum(['invalid_request_error', 'payment_required', 'rate_limit_error', 'server_error']),
      code: z.string(),
      param: z.null(),
      hint: z.string(),
      openledger: z.unknown().optional().openapi({ description: 'What has to be signed or paid.' }),
    }),
  })
  .openapi('Error');
export type ErrorBody = z.infer<typeof errorSchema>;

/** A receipt, as it is hashed (docs/formats.md). */
export const receiptSchema = z
  .object({
    channelId: hash,
    epoch: natural,
    position: natural,
    modelId: natural,
    tokensIn: natural,
    tokensOut: natural,
    fee: amount,
    servedAt: natural,
    flags: natural,
    requestHash: hash,
    outputRoot: hash,
    outputLength: natural,
    contextRoot: hash,
  })
  .openapi('Receipt');

/** A row that was placed in a prompt. */
export const citationSchema = z
  .object({ number: natural, asset: natural, row: natural, score: amount, text: z.string() })
  .openapi('Citation');

/** The block that ends every paid answer. */
export const receiptBlock = z
  .object({
    nodeId: natural,
    receiptId: hash,
    receiptHash: hash,
    receipt: receiptSchema,
    fee: amount,
    activation: amount,
    settledFee: amount,
    nodeSignature: hexBytes,
    citations: z.array(citationSchema).optional(),
    salt: hash
      .optional()
      .openapi({ description: 'Of a call without a channel: the salt that the node drew, or was sent.' }),
    payment: z
      .object({
        scheme: z.enum(['exact', 'auth-capture']),
        payer: hexBytes,
        amount,
        held: amount.optional(),
        channelId: hash,
        transaction: hash.optional(),
      })
      .optional()
      .openapi({
        description:
          'The payment by x402: what it is charged, what was held before the answer where it is paid by use, and the channel that it opened.',
      }),
    free: z.object({ remaining: natural, resetsAt: natural }).optional().openapi({
      description: 'Of a free call: how many the caller has left, until when (seconds since 1970).',
    }),
    channelOffer: z
      .object({ nodeId: natural, escrow: hexBytes, deposit: amount, calls: natural, hint: z.string() })
      .optional()
      .openapi({ description: 'After a few calls paid by x402: a channel would cost less.' }),
  })
  .openapi('ReceiptBlock');

/** What a call may cost at most, told before it begins. */
export const quoteSchema = z
  .object({ activation: amount, maxFee: amount, maxTokens: natural })
  .openapi('Quote');

/** A voucher that waits for the consumer's signature. */
export const unsignedVoucher = z
  .object({
    channelId: hash,
    epoch: natural,
    settledFee: amount,
    cumulativeFee: amount,
    receiptsRoot: hash,
    receiptCount: natural,
  })
  .openapi('UnsignedVoucher');

/** The on-chain terms of a model. */
export const termsSchema = z
  .object({
    parent: natural,
    royaltyBps: natural,
    scheme: natural,
    treeDepth: natural,
    sigmaCap: natural,
    weightsHash: hash,
    runId: hash,
    sketchRoot: hash,
    corpusRoot: hash,
    baselineRoot: hash,
    basisHash: hash,
  })
  .openapi('ModelTerms');

/** A claim of the settlement. */
export const claimSchema = z
  .object({
    nodeId: natural,
    seq: natural,
    parent: hash,
    fromBatch: natural,
    toBatch: natural,
    firstReceipt: natural,
    receiptCount: natural,
    fees: amount,
    payoutsRoot: hash,
    payoutsTotal: amount,
    payoutsDepth: natural,
    attributionsRoot: hash,
    dataCommitment: hash,
    paramsVersion: natural,
    proposer: natural,
  })
  .openapi('Claim');

/** A token id with its kind, behind an asset id. */
export const tokenSchema = z.object({ kind: natural, tokenId: natural }).nullable().openapi('Token');

/** A list in OpenAI's shape. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({ object: z.literal('list'), data: z.array(item) });
}
