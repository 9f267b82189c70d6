import { createKeccak, type IHasher } from 'hash-wasm';
import type { Hex } from 'viem';

/** The digest of what was given to `update`, part after part. */
export type KeccakStream = { update(part: Uint8Array): void; digest(): Hex };

const shared = await createKeccak(256);

/**
 * keccak256 of much data: the protocol's `keccak` in WebAssembly, ten to twenty times as fast. Weights are hashed after every
 * step of training.
 */
export function keccakBytes(bytes: Uint8Array): Hex {
  return digestOf(shared.init().update(bytes));
}

/** keccak256 of data that comes in parts. */
export async function keccakStream(): Promise<KeccakStream> {
  const hasher = (await createKeccak(256)).init();
  return {
    update: (part) => {
      hasher.update(part);
    },
    digest: () => digestOf(hasher),
  };
}

function digestOf(hasher: IHasher): Hex {
  return `0x${hasher.digest()}`;
}
