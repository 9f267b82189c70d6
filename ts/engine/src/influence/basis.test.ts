import { expect, test } from 'vitest';
import { type Basis, decodeBasis, encodeBasis } from './basis.ts';

const hash = `0x${'ab'.repeat(32)}` as const;
const basis: Basis = {
  type: 'influence-basis',
  version: 3,
  base: { weightsHash: hash, tokenizerHash: hash },
  adapterHash: hash,
  runtime: { profile: 'exact', package: 'onnxruntime-web@0' },
  parameters: 400,
  projection: { width: 300, seed: 7 },
  width: 300,
  rank: 2,
  epsilon: 1e-8,
  lambda: 0.5,
  gain: 16,
  sigmaCap: 1_000,
  seed: hash,
  caps: [{ datanet: 1, norm: 2.5 }],
  preconditioner: Float32Array.from({ length: 400 }, (_, i) => i / 7),
  eigenvalues: Float64Array.of(3.5, 1.25),
  directions: Int8Array.from({ length: 600 }, (_, i) => (i % 255) - 127),
  scales: Float32Array.of(0.25, 0.5, 0.75, 1),
};

test('a basis is read back as it was written', () => {
  expect(decodeBasis(encodeBasis(basis))).toEqual(basis);
});

test('a basis in a Buffer, which shares its memory when sliced, is read the same', () => {
  const bytes = encodeBasis(basis);
  expect(decodeBasis(Buffer.from(bytes))).toEqual(basis);
  expect(decodeBasis(Buffer.concat([Buffer.from([1, 2, 3]), bytes]).subarray(3))).toEqual(basis);
});
