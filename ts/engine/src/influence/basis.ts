import { fromUtf8, utf8 } from '@openledger/sdk/protocol/bytes';
import { SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import { canonicalBytes, hashSchema } from '@openledger/sdk/protocol/store';
import { z } from 'zod';
import { BLOCK } from './directions.ts';

/**
 * How gradients of one adapter become sketches: everything needed to compute any row's sketch again.
 * Its bytes are content-addressed, their hash is committed with the model.
 */
export type Basis = BasisHeader & {
  /** (1/(√v + ε))^½ per parameter: Adam's scale of each coordinate. */
  readonly preconditioner: Float32Array;
  /** Squared singular values, one per direction. */
  readonly eigenvalues: Float64Array;
  /** Entries of the directions, as multiples of their block's scale. */
  readonly directions: Int8Array;
  /** Per direction and block of parameters. */
  readonly scales: Float32Array;
};

const size = z.number().int().nonnegative();

const headerSchema = z.strictObject({
  type: z.literal('influence-basis'),
  version: z.literal(3),
  /** What the basis belongs to: keccak256 of the base model's files and of the adapter's float32 weights. */
  base: z.strictObject({ weightsHash: hashSchema, tokenizerHash: hashSchema }),
  adapterHash: hashSchema,
  runtime: z.strictObject({ profile: z.enum(['native', 'exact']), package: z.string() }),
  /** Number of LoRA parameters. */
  parameters: size,
  /** How preconditioned gradients are made smaller (`Projection`); null: they are not. */
  projection: z.strictObject({ width: size.min(1), seed: size.max(0xffffffff) }).nullable(),
  /** Length of a direction: of what the projection leaves. */
  width: size,
  /** Number of directions. */
  rank: size.max(SKETCH_LENGTH),
  epsilon: z.number().positive(),
  lambda: z.number().nonnegative(),
  /** A power of two that brings sketches into the range of a u32. */
  gain: z.number().positive(),
  sigmaCap: z.number().int().min(1).max(0xffffffff),
  /** Its bits, and those of its hash, are the signs of the rotation. */
  seed: hashSchema,
  /** Per datanet the norm that no row's sketch exceeds. */
  caps: z.array(z.strictObject({ datanet: size, norm: z.number().nonnegative() })),
});
export type BasisHeader = z.infer<typeof headerSchema>;

const MAGIC = 'OPENLEDGER BASIS';

/** The basis as one file: magic, header length, header (RFC 8785 JSON), then the arrays, little-endian. */
export function encodeBasis(basis: Basis): Uint8Array {
  const { preconditioner, eigenvalues, directions, scales, ...header } = basis;
  const json = canonicalBytes(headerSchema.parse(header));
  const start = align(MAGIC.length + 4 + json.length);
  const arrays = [eigenvalues, preconditioner, scales, directions];
  const bytes = new Uint8Array(start + arrays.reduce((sum, array) => sum + align(array.byteLength), 0));
  bytes.set(utf8(MAGIC));
  new DataView(bytes.buffer).setUint32(MAGIC.length, json.length, true);
  bytes.set(json, MAGIC.length + 4);
  let offset = start;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset);
    offset += align(array.byteLength);
  }
  return bytes;
}

/** Reads what `encodeBasis` wrote. */
export function decodeBasis(bytes: Uint8Array): Basis {
  const magic = bytes.subarray(0, MAGIC.length);
  if (bytes.length < MAGIC.length + 4 || new TextDecoder('latin1').decode(magic) !== MAGIC) {
    throw new Error('This is not an influence basis. Load the blob that the model card names as its basis.');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(MAGIC.length, true);
  const start = MAGIC.length + 4;
  const header = headerSchema.parse(JSON.parse(fromUtf8(bytes.subarray(start, start + length))));
  const { parameters, width, rank } = header;
  let offset = align(start + length);
  const expected =
    offset +
    [rank * 8, parameters * 4, rank * Math.ceil(width / BLOCK) * 4, rank * width].reduce(
      (sum, part) => sum + align(part),
      0,
    );
  if (bytes.length !== expected) {
    throw new Error(`The influence basis has ${bytes.length} bytes instead of ${expected}. Fetch it again.`);
  }
  // Copied, so that each array starts at a multiple of its element size whatever `bytes` is a view of. Not with
  // `slice`: on a Buffer, as files are read into, that is a view of the whole file.
  const take = (count: number): ArrayBuffer => {
    const part = new Uint8Array(bytes.subarray(offset, offset + count));
    offset += align(count);
    return part.buffer;
  };
  return {
    ...header,
    eigenvalues: new Float64Array(take(rank * 8)),
    preconditioner: new Float32Array(take(parameters * 4)),
    scales: new Float32Array(take(rank * Math.ceil(width / BLOCK) * 4)),
    directions: new Int8Array(take(rank * width)),
  };
}

function align(count: number): number {
  return Math.ceil(count / 8) * 8;
}
