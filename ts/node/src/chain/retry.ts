import { setTimeout as delay } from 'node:timers/promises';
import {
  BaseError,
  ContractFunctionRevertedError,
  HttpRequestError,
  RpcRequestError,
  TimeoutError,
} from 'viem';
import { describe } from '../errors.ts';
import type { Log } from '../log.ts';

/** Whether an error means that the RPC cannot be reached, so that the same call may work later. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  if (error.walk((cause) => cause instanceof ContractFunctionRevertedError) !== null) return false;
  if (error.walk((cause) => cause instanceof RpcRequestError) !== null) return false;
  return error.walk((cause) => cause instanceof HttpRequestError || cause instanceof TimeoutError) !== null;
}

export type RetryOptions = {
  log: Log;
  /** What is being tried, for the log: "reading claims". */
  what: string;
  signal?: AbortSignal;
  firstDelayMs?: number;
  maxDelayMs?: number;
};

/**
 * Runs `task` until the RPC answers, waiting longer each time. Other errors pass through at once.
 * Logs once when the RPC goes away and once when it is back, not at every try.
 */
export async function withRpc<T>(options: RetryOptions, task: () => Promise<T>): Promise<T> {
  let wait = options.firstDelayMs ?? 250;
  for (let failures = 0; ; failures += 1) {
    try {
      const result = await task();
      if (failures > 0) options.log.info({ what: options.what, failures }, 'the chain answers again');
      return result;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isUnreachable(error)) throw error;
      if (failures === 0) {
        options.log.warn(
          { what: options.what, error: describe(error) },
          'the chain does not answer; trying again until it does, nothing is lost',
        );
      }
      await delay(wait, undefined, { signal: options.signal });
      wait = Math.min(wait * 2, options.maxDelayMs ?? 10_000);
    }
  }
}
