import {
  decodePaymentSignatureHeader,
  encodePaymentRequiredHeader,
  encodePaymentResponseHeader,
} from '@x402/core/http';
import type { SettleResponse } from '@x402/core/types';
import type { Context } from 'hono';
import { NodeError } from '../errors.ts';
import { errorBody, PaymentError } from '../gateway/http-errors.ts';
import { jsonResponse } from '../gateway/json.ts';
import type { PaymentRefused } from './payments.ts';

const EXPOSED = 'PAYMENT-REQUIRED, PAYMENT-RESPONSE';

/** The payment in a request's headers, as it was sent. */
export function payloadIn(context: Context): unknown {
  const header = context.req.header('payment-signature');
  if (header === undefined) return undefined;
  try {
    return decodePaymentSignatureHeader(header);
  } catch {
    throw new NodeError(
      'bad_request',
      'The PAYMENT-SIGNATURE header cannot be read.',
      'It is base64 of the JSON of a PaymentPayload.',
    );
  }
}

/** Says in an answer's headers that its payment was taken. */
export function markSettled(context: Context, settlement: SettleResponse | undefined): void {
  if (settlement === undefined) return;
  context.res.headers.set('payment-response', encodePaymentResponseHeader(settlement));
  context.res.headers.append('access-control-expose-headers', EXPOSED);
}

/** 402 with a body that OpenAI clients read and the header that x402 clients read; `why` it is to be paid, if that is news. */
export function requiredResponse({ required, message }: PaymentRefused, why = `${message}.`): Response {
  const [{ amount, asset }] = required.accepts;
  const error = new PaymentError(
    'payment_required',
    why,
    `Pay ${amount} wei of gOPEN (${asset}) with a client of x402, or name a channel in openledger.channelId.`,
    { x402: required },
  );
  return jsonResponse(errorBody(error), 402, {
    'payment-required': encodePaymentRequiredHeader(required),
    'cache-control': 'no-store',
    'access-control-expose-headers': EXPOSED,
  });
}
