import { z } from '@hono/zod-openapi';
import { address, amount, errorSchema, hash, natural, receiptSchema, unsignedVoucher } from './schemas.ts';

const exactTerms = z.object({ name: z.string(), version: z.string(), paymentFlow: z.literal('upfront') });

const holdTerms = z.object({
  ...{ name: z.string(), version: z.string(), assetTransferMethod: z.literal('eip3009') },
  ...{ authCaptureEscrow: address, captureAuthorizer: address, operatorType: z.literal('delegated') },
  ...{ paymentFlow: z.literal('escrow'), captureMode: z.literal('deferred') },
  ...{ captureDeadline: natural, refundDeadline: natural },
  ...{ feeRecipient: address, minFeeBps: natural, maxFeeBps: natural },
});

/** What x402 version 2 tells a client to pay: the same as in the header `PAYMENT-REQUIRED`. */
export const paymentRequiredSchema = z
  .object({
    x402Version: z.literal(2),
    error: z.string(),
    resource: z.object({ url: z.string(), description: z.string(), mimeType: z.string() }),
    accepts: z.array(
      z.object({
        scheme: z.enum(['exact', 'auth-capture']),
        network: z.string().openapi({ example: 'eip155:31337' }),
        amount,
        asset: address,
        payTo: address,
        maxTimeoutSeconds: natural,
        extra: z.union([exactTerms, holdTerms]),
      }),
    ),
  })
  .openapi('PaymentRequired');

/** What has to happen before a call is answered: a payment by x402, a signature for the last answer, or a top-up. */
const remedy = z.union([
  z.object({ x402: paymentRequiredSchema }),
  z.object({ voucher: unsignedVoucher, receipts: z.array(receiptSchema.extend({ hash })) }),
  z.object({ required: amount, available: amount }),
]);

/** The body of a 402. */
export const paymentErrorSchema = z
  .object({ error: errorSchema.shape.error.extend({ openledger: remedy.optional() }) })
  .openapi('PaymentError');
