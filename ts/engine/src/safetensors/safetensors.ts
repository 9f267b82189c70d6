import { z } from 'zod';
import { sizeOf } from '../autodiff/shape.ts';
import type { WeightTensor } from '../llama/parameters.ts';
import { fromHalf, toHalf } from './half.ts';

/** Element types that can be written; BF16 can be read as well. */
export type StoredType = 'F32' | 'F16';

const BYTES: Record<StoredType, number> = { F32: 4, F16: 2 };

const entrySchema = z.object({
  dtype: z.enum(['F32', 'F16', 'BF16']),
  shape: z.array(z.number().int().nonnegative()),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});

export type SafetensorsFile = {
  readonly tensors: Map<string, WeightTensor>;
  readonly metadata: Readonly<Record<string, string>>;
};

/** Encodes tensors as a safetensors file. Equal tensors in equal order give equal bytes. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, WeightTensor>,
  type: StoredType,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const end = offset + tensor.data.length * BYTES[type];
    header[name] = { dtype: type, shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + offset);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(padded), true);
  bytes.fill(0x20, 8, 8 + padded);
  bytes.set(json, 8);
  let position = 8 + padded;
  for (const { data } of tensors.values()) {
    for (const value of data) {
      if (type === 'F32') view.setFloat32(position, value, true);
      else view.setUint16(position, toHalf(value), true);
      position += BYTES[type];
    }
  }
  return bytes;
}

/** Reads a safetensors file; all values become float32. */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw new Error('Not a safetensors file: it is shorter than 8 bytes.');
  const length = Number(view.getBigUint64(0, true));
  if (8 + length > bytes.length) throw new Error('Not a safetensors file, or it was cut short.');
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    unknown
  >;
  const { __metadata__: metadata, ...entries } = header;
  const tensors = new Map<string, WeightTensor>();
  for (const [name, json] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: range } = entrySchema.parse(json);
    const count = sizeOf(shape);
    const width = dtype === 'F32' ? 4 : 2;
    const start = 8 + length + range[0];
    if (range[1] - range[0] !== count * width || 8 + length + range[1] > bytes.length) {
      throw new Error(`safetensors: the bytes of ${name} do not fit its shape [${shape}].`);
    }
    const data = new Float32Array(count);
    for (let i = 0; i < count; i += 1) data[i] = readValue(view, start + i * width, dtype);
    tensors.set(name, { shape, data });
  }
  return { tensors, metadata: z.record(z.string(), z.string()).parse(metadata ?? {}) };
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

function readValue(view: DataView, position: number, dtype: 'F32' | 'F16' | 'BF16'): number {
  if (dtype === 'F32') return view.getFloat32(position, true);
  const bits = view.getUint16(position, true);
  if (dtype === 'F16') return fromHalf(bits);
  scratchBits[0] = bits << 16;
  return scratch[0];
}
