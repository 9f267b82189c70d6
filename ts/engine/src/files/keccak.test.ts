import { keccak } from '@openledger/sdk/protocol/bytes';
import { expect, it } from 'vitest';
import { sharedFloats } from '../numeric/shared.ts';
import { keccakBytes, keccakStream } from './keccak.ts';

/** Lengths around the 136 bytes that keccak256 takes at a time, and around the module's buffer. */
it.each([0, 1, 135, 136, 137, 272, 16_384, 16_385, 100_000])(
  'hashes %i bytes as the protocol does, at once and in parts',
  async (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * i) >> 3);
    expect(keccakBytes(bytes)).toBe(keccak(bytes));
    const [one, other] = [await keccakStream(), await keccakStream()];
    for (let from = 0; from < length; from += 777) {
      one.update(bytes.subarray(from, from + 777));
      other.update(Uint8Array.of(1));
    }
    expect(one.digest()).toBe(keccak(bytes));
  },
);

it('hashes a part of shared memory', () => {
  const floats = sharedFloats(10).map((_, i) => i);
  const bytes = new Uint8Array(floats.buffer, 8, 20);
  expect(keccakBytes(bytes)).toBe(keccak(bytes.slice()));
});
