import type { Hex } from 'viem';

/** Somewhere that content-addressed blobs can be read from. What it returns has been checked against the id. */
export type BlobReader = {
  /** Whether a read would find it now. */
  has(hash: Hex): Promise<boolean>;
  /** The blob's bytes, verified; rejects with `blob_not_found` or `blob_corrupt`. */
  get(hash: Hex): Promise<Uint8Array>;
};

/** A reader that also accepts blobs and answers with their id, keccak256 of the bytes. */
export type BlobStore = BlobReader & {
  put(bytes: Uint8Array): Promise<Hex>;
};
