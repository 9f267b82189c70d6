import type { Hex } from 'viem';
import { NodeError } from '../errors.ts';
import type { BlobReader, BlobStore } from './types.ts';

/**
 * A local store in front of others. A blob found elsewhere is kept locally, so that it is fetched once.
 * A remote that is down or lies is passed over; only when nobody has the blob is that an error.
 */
export function layeredStore(local: BlobStore, remotes: readonly BlobReader[]): BlobStore {
  async function get(hash: Hex): Promise<Uint8Array> {
    let firstFailure: unknown;
    try {
      return await local.get(hash);
    } catch (error) {
      const recoverable = error instanceof NodeError && error.code === 'blob_not_found';
      if (!recoverable || remotes.length === 0) throw error;
      firstFailure = error;
    }
    for (const remote of remotes) {
      try {
        const bytes = await remote.get(hash);
        await local.put(bytes);
        return bytes;
      } catch (error) {
        if (error instanceof NodeError && error.code === 'no_space') throw error;
        firstFailure = error;
      }
    }
    throw firstFailure;
  }

  async function has(hash: Hex): Promise<boolean> {
    if (await local.has(hash)) return true;
    for (const remote of remotes) {
      if (await remote.has(hash).catch(() => false)) return true;
    }
    return false;
  }

  return { has, get, put: local.put };
}
