import { concat } from '@openledger/sdk/protocol/bytes';
import { z } from 'zod';
import { sizeOf } from '../autodiff/shape.ts';
import type { WeightTensor } from '../llama/parameters.ts';
import { fromHalf, toHalf } from './half.ts';

/** Element types that can be written; BF16 can be read as well. */
export type StoredType = 'F32' | 'F16';

const WIDTH = { F32: 4, F16: 2, BF16: 2 } as const;

const entrySchema = z.object({
  dtype: z.enum(['F32', 'F16', 'BF16']),
  shape: z.array(z.number().int().nonnegative()),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});

export type SafetensorsFile = {
  readonly tensors: Map<string, WeightTensor>;
  readonly metadata: Readonly<Record<string, string>>;
};

/** A tensor to be written, whose values are made when their turn comes. */
export type TensorSource = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: () => Float32Array;
};

/** Encodes tensors as a safetensors file. Equal tensors in equal order give equal bytes. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, WeightTensor>,
  type: StoredType,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const sources = [...tensors].map(([name, { shape, data }]) => ({ name, shape, data: () => data }));
  return concat(...safetensorsParts(sources, type, metadata));
}

/** Numbers that are converted and written at a time. */
const PIECE = 2 ** 22;

/** The bytes of a safetensors file in pieces: one tensor at a time is in memory, however large the file. */
export function* safetensorsParts(
  tensors: readonly TensorSource[],
  type: StoredType,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Generator<Uint8Array> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape } of tensors) {
    const end = offset + sizeOf(shape) * WIDTH[type];
    header[name] = { dtype: type, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(json, 8);
  yield head;
  for (const { data } of tensors) {
    const values = data();
    for (let from = 0; from < values.length; from += PIECE) {
      yield encodeValues(values.subarray(from, from + PIECE), type);
    }
  }
}

/** Little-endian, as the machines are that the engine runs on. */
function encodeValues(values: Float32Array, type: StoredType): Uint8Array {
  const stored = type === 'F32' ? values : new Uint16Array(values.length);
  if (type === 'F16') for (let i = 0; i < values.length; i += 1) stored[i] = toHalf(values[i]);
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

/** Element types that can be read. */
export type ReadableType = z.infer<typeof entrySchema>['dtype'];

/** Where a tensor's bytes lie in a file. */
export type TensorPlace = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: ReadableType;
  /** Byte offsets in the file. */
  readonly start: number;
  readonly end: number;
};

export type SafetensorsHeader = {
  /** In the order of their bytes. */
  readonly places: readonly TensorPlace[];
  readonly metadata: Readonly<Record<string, string>>;
};

/** Length in bytes of the header that follows the first eight bytes. */
export function headerLength(bytes: Uint8Array): number {
  if (bytes.length < 8) throw new Error('Not a safetensors file: it is shorter than 8 bytes.');
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true));
}

/** Reads a file's beginning, up to the end of its header; `size` is the length of the whole file. */
export function decodeHeader(bytes: Uint8Array, size: number): SafetensorsHeader {
  const length = headerLength(bytes);
  if (8 + length > bytes.length) throw new Error('Not a safetensors file, or it was cut short.');
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    unknown
  >;
  const { __metadata__: metadata, ...entries } = header;
  const places = Object.entries(entries).map(([name, json]) => {
    const parsed = entrySchema.safeParse(json);
    if (!parsed.success) {
      throw new Error(`safetensors: ${name} cannot be read: ${z.prettifyError(parsed.error)}`);
    }
    const { dtype, shape, data_offsets: range } = parsed.data;
    const [start, end] = range.map((offset) => 8 + length + offset);
    if (end - start !== sizeOf(shape) * WIDTH[dtype] || end > size) {
      throw new Error(`safetensors: the bytes of ${name} do not fit its shape [${shape}].`);
    }
    return { name, shape, dtype, start, end };
  });
  places.sort((a, b) => a.start - b.start || a.end - b.end);
  return { places, metadata: z.record(z.string(), z.string()).parse(metadata ?? {}) };
}

/** Reads a safetensors file; all values become float32. */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { places, metadata } = decodeHeader(bytes, bytes.length);
  const tensors = new Map<string, WeightTensor>();
  for (const { name, shape, dtype, start, end } of places) {
    tensors.set(name, { shape, data: decodeValues(bytes.subarray(start, end), dtype) });
  }
  return { tensors, metadata };
}

/** Stored values as float32. The engine runs on little-endian machines only, as ONNX Runtime does. */
export function decodeValues(bytes: Uint8Array, dtype: ReadableType): Float32Array {
  const aligned = new Uint8Array(bytes);
  if (dtype === 'F32') return new Float32Array(aligned.buffer);
  const stored = new Uint16Array(aligned.buffer);
  const values = new Float32Array(stored.length);
  if (dtype === 'F16') {
    halfTable ??= Float32Array.from({ length: 0x10000 }, (_, half) => fromHalf(half));
    for (let i = 0; i < values.length; i += 1) values[i] = halfTable[stored[i]];
    return values;
  }
  // BF16 is the upper half of a float32.
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < bits.length; i += 1) bits[i] = stored[i] << 16;
  return values;
}

/** Every half-precision number by its bits, made when it is first needed. */
let halfTable: Float32Array | undefined;
