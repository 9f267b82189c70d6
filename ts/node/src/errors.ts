/** Why the node refused or failed, for programs; the message is for people. */
export type NodeErrorCode =
  | 'address_book_unreadable'
  | 'bad_config'
  | 'bad_request'
  | 'blob_corrupt'
  | 'blob_not_found'
  | 'blob_too_large'
  | 'busy'
  | 'chain_unreachable'
  | 'channel_unknown'
  | 'channel_exhausted'
  | 'channel_closing'
  | 'channel_defaulted'
  | 'free_calls_used'
  | 'home_locked'
  | 'journal_corrupt'
  | 'job_not_found'
  | 'model_not_found'
  | 'model_unusable'
  | 'no_space'
  | 'not_allowed'
  | 'not_found'
  | 'overloaded'
  | 'payment_required'
  | 'price_limit'
  | 'port_in_use'
  | 'request_too_large'
  | 'storage_failed'
  | 'training_failed'
  | 'unauthorized'
  | 'voucher_rejected'
  | 'wrong_chain';

/** An error that says what happened and what to do next. */
export class NodeError extends Error {
  override name = 'NodeError';
  readonly code: NodeErrorCode;
  readonly hint: string;
  /** In how many seconds it may be otherwise, where that is known. */
  readonly retryAfter: number | undefined;

  constructor(
    code: NodeErrorCode,
    message: string,
    hint: string,
    options: { cause?: unknown; retryAfter?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = hint;
    this.retryAfter = options.retryAfter;
  }
}

/** The system error code (`ENOSPC`, `EADDRINUSE` …) of an unknown error, if it has one. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** One line for a log: the message and the messages of its causes. */
export function describe(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  while (current instanceof Error && parts.length < 4) {
    const text = 'shortMessage' in current ? String(current.shortMessage) : current.message;
    if (!parts.includes(text)) parts.push(text);
    current = current.cause;
  }
  return parts.length === 0 ? String(error) : parts.join(': ');
}
