import { ProtocolError } from '../protocol/bytes.ts';

/** Why a call through the inference client failed. */
export type InferenceErrorCode =
  /** The node refused; its own code is in `nodeCode`. */
  | 'refused'
  /** The node cannot be reached, or the stream broke off. */
  | 'unreachable'
  /** The node's receipt is not what it must be. Nothing was signed for it. */
  | 'bad_receipt'
  /** Signing would go above the spending limit. */
  | 'limit'
  /** The node knows receipts of this channel that the local record does not. */
  | 'out_of_step';

/** An error of the inference client; the message ends with what to do next. */
export class InferenceError extends ProtocolError {
  override readonly name = 'InferenceError';
  readonly code: InferenceErrorCode;
  /** The node's error code, when the node refused. */
  readonly nodeCode?: string;

  constructor(
    code: InferenceErrorCode,
    message: string,
    options: { nodeCode?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.nodeCode = options.nodeCode;
  }
}
