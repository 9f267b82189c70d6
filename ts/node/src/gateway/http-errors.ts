import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { isUnreachable } from '../chain/retry.ts';
import { describe, NodeError, type NodeErrorCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { jsonResponse } from './json.ts';
import type { ErrorBody } from './schemas.ts';

const STATUS: Partial<Record<NodeErrorCode, ContentfulStatusCode>> = {
  bad_request: 400,
  blob_not_found: 404,
  blob_too_large: 413,
  busy: 409,
  chain_unreachable: 503,
  channel_closing: 402,
  channel_defaulted: 402,
  channel_exhausted: 402,
  channel_unknown: 402,
  free_calls_used: 429,
  job_not_found: 404,
  model_not_found: 404,
  model_unusable: 503,
  no_space: 507,
  not_allowed: 403,
  not_found: 404,
  overloaded: 429,
  payment_required: 402,
  price_limit: 429,
  request_too_large: 413,
  unauthorized: 401,
  voucher_rejected: 402,
};

/** The HTTP status of an error. */
export function statusOf(error: unknown): ContentfulStatusCode {
  return error instanceof NodeError ? (STATUS[error.code] ?? 500) : 500;
}

/** The body of an error. Unexpected errors keep their details in the log. */
export function errorBody(error: unknown): ErrorBody {
  const known = error instanceof NodeError ? error : undefined;
  const status = statusOf(error);
  const type =
    status === 402
      ? 'payment_required'
      : status === 429
        ? 'rate_limit_error'
        : status < 500
          ? 'invalid_request_error'
          : 'server_error';
  return {
    error: {
      message: known === undefined ? 'The node failed unexpectedly.' : `${known.message} ${known.hint}`,
      type,
      code: known?.code ?? 'internal_error',
      param: null,
      hint: known?.hint ?? 'Try again; if it stays, read the node’s log.',
      ...(known instanceof PaymentError ? { openledger: known.details } : {}),
    },
  };
}

/** A refusal that tells the client in machine-readable form what it has to sign or pay. */
export class PaymentError extends NodeError {
  override name = 'PaymentError';
  readonly details: unknown;

  constructor(code: NodeErrorCode, message: string, hint: string, details: unknown) {
    super(code, message, hint);
    this.details = details;
  }
}

/** Answers an error; unexpected ones are logged with their stack. */
export function answerError(thrown: unknown, context: Context, log: Log): Response {
  const error = isUnreachable(thrown) ? chainUnreachable(thrown) : thrown;
  const status = statusOf(error);
  if (status >= 500) log.error({ err: error, path: context.req.path }, 'a request failed');
  const seconds = error instanceof NodeError ? error.retryAfter : undefined;
  return jsonResponse(
    errorBody(error),
    status,
    status === 429 ? { 'retry-after': String(seconds ?? 1) } : {},
  );
}

function chainUnreachable(cause: unknown): NodeError {
  return new NodeError(
    'chain_unreachable',
    `The node cannot reach the chain (${describe(cause)}).`,
    'Try again in a moment; nothing is lost.',
    { cause },
  );
}
