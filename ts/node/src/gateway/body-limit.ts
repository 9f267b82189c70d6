import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { NodeError } from '../errors.ts';
import { errorBody } from './http-errors.ts';

/** Refuses a request with a larger body before it is read. */
export function limitBody(maxBytes: number): MiddlewareHandler {
  return bodyLimit({
    maxSize: maxBytes,
    onError: (context) => {
      const error = new NodeError(
        'request_too_large',
        `The request is larger than ${maxBytes} bytes.`,
        'Send less at once.',
      );
      return context.json(errorBody(error), 413);
    },
  });
}
