import { open } from 'node:fs/promises';
import type { WeightTensor } from '../llama/parameters.ts';
import { decodeHeader, decodeValues, headerLength, type SafetensorsFile } from './safetensors.ts';

/** What is done with the parts of a file as they are read. */
export type SafetensorsVisitor = {
  /** Every byte of the file, once and in order. */
  readonly bytes: (part: Uint8Array) => void;
  /** Whether `tensor` is wanted; others are read but not decoded. */
  readonly wants: (name: string) => boolean;
  readonly tensor: (name: string, tensor: WeightTensor) => void;
};

/** Node reads no more than 2 GiB at once. */
const MOST_AT_ONCE = 2 ** 30;

/** Reads a whole safetensors file of any size; all values become float32. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const tensors = new Map<string, WeightTensor>();
  const metadata = await visitSafetensors(path, {
    bytes: () => {},
    wants: () => true,
    tensor: (name, tensor) => tensors.set(name, tensor),
  });
  return { tensors, metadata };
}

/**
 * Reads a safetensors file tensor by tensor: no more than one of them is in memory at a time. Returns the file's metadata.
 */
export async function visitSafetensors(
  path: string,
  visitor: SafetensorsVisitor,
): Promise<SafetensorsFile['metadata']> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (start: number, end: number): Promise<Uint8Array> => {
      const part = new Uint8Array(end - start);
      for (let done = 0; done < part.length; ) {
        const count = Math.min(MOST_AT_ONCE, part.length - done);
        const { bytesRead } = await file.read(part, done, count, start + done);
        if (bytesRead === 0) throw new Error(`${path} was cut short while it was read.`);
        done += bytesRead;
      }
      return part;
    };
    const length = headerLength(await read(0, Math.min(8, size)));
    const head = await read(0, Math.min(8 + length, size));
    const { places, metadata } = decodeHeader(head, size);
    visitor.bytes(head);
    let position = head.length;
    for (const { name, shape, dtype, start, end } of places) {
      if (start !== position) throw new Error(`${path}: the bytes before ${name} belong to no tensor.`);
      const part = await read(start, end);
      visitor.bytes(part);
      if (visitor.wants(name)) visitor.tensor(name, { shape, data: decodeValues(part, dtype) });
      position = end;
    }
    if (position !== size) throw new Error(`${path}: its last ${size - position} bytes belong to no tensor.`);
    return metadata;
  } finally {
    await file.close();
  }
}
