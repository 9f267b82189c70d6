import { type Hex, keccak256 } from 'viem';
import { NodeError } from '../../src/errors.ts';
import type { BlobStore } from '../../src/store/types.ts';

/** A content store that forgets everything with the test. */
export function memoryStore(): BlobStore {
  const blobs = new Map<Hex, Uint8Array>();
  return {
    has: async (hash) => blobs.has(hash),
    get: async (hash) => {
      const bytes = blobs.get(hash);
      if (bytes === undefined) throw new NodeError('blob_not_found', `No blob ${hash}.`, 'Store it first.');
      return bytes;
    },
    put: async (bytes) => {
      const hash = keccak256(bytes);
      blobs.set(hash, bytes);
      return hash;
    },
  };
}
