import type { TensorData } from '../onnx/graph.ts';
import type { Tensor } from './runtime.ts';

/**
 * Arrays on their way to another thread. Those over shared memory go as the memory and a place in it: a structured clone of
 * the array itself counts bytes in 32 bits, and past 4 GiB would arrive at another place without a word. Others are copied.
 */
export type Sent<A extends SharableArray> =
  | A
  | {
      readonly memory: SharedArrayBuffer;
      readonly kind: Kind;
      readonly offset: number;
      readonly length: number;
    };

/** Tensors on their way to another thread, by name. */
export type SentTensors = readonly (readonly [
  string,
  { readonly data: Sent<TensorData>; readonly dims: readonly number[] },
])[];

type SharableArray = Float32Array | Uint8Array | BigInt64Array | Int32Array;
type Kind = 'Float32Array' | 'Uint8Array';

export function send<A extends SharableArray>(array: A): Sent<A> {
  const { byteOffset, length } = array;
  const buffer: ArrayBufferLike = array.buffer;
  const kind = array.constructor.name;
  if (!(buffer instanceof SharedArrayBuffer) || !isKind(kind)) return array;
  return { memory: buffer, kind, offset: byteOffset, length };
}

export function receive<A extends SharableArray>(sent: Sent<A>): A {
  if (!('memory' in sent)) return sent;
  const { memory, kind, offset, length } = sent;
  const array: SharableArray =
    kind === 'Uint8Array' ? new Uint8Array(memory, offset, length) : new Float32Array(memory, offset, length);
  return array as A;
}

export function sendAll(tensors: Readonly<Record<string, Tensor>>): SentTensors {
  return Object.entries(tensors).map(([name, { data, dims }]) => [name, { data: send(data), dims }]);
}

export function receiveAll(sent: SentTensors): Record<string, Tensor> {
  return Object.fromEntries(sent.map(([name, { data, dims }]) => [name, { data: receive(data), dims }]));
}

function isKind(name: string): name is Kind {
  return name === 'Float32Array' || name === 'Uint8Array';
}
