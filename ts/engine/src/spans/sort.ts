import { createKernel, MOST_BYTES } from './kernel.ts';
import { suffixArray } from './suffix-array.ts';

/** From this many symbols on WebAssembly is quicker, by about a fifth. */
const WORTH_A_KERNEL = 1 << 20;

/** The suffix array of a text, by WebAssembly where that pays and fits its memory, else by TypeScript. */
export function sortSuffixes(text: Uint16Array | Int32Array, largest: number): Int32Array {
  return text.length >= WORTH_A_KERNEL && kernelBytes(text, largest) <= MOST_BYTES
    ? sortByKernel(text, largest)
    : suffixArray(text, largest);
}

/** The suffix array by WebAssembly, whatever the size of the text. */
export function sortByKernel(text: Uint16Array | Int32Array, largest: number): Int32Array {
  const { kernel, memory } = createKernel(kernelBytes(text, largest));
  const { sorted, scratch } = addressesOf(text);
  const n = text.length;
  if (text instanceof Uint16Array) {
    new Uint16Array(memory.buffer, 0, n).set(text);
    kernel.suffixArray16(0, n, largest, sorted, scratch);
  } else {
    new Int32Array(memory.buffer, 0, n).set(text);
    kernel.suffixArray32(0, n, largest, sorted, scratch);
  }
  return new Int32Array(memory.buffer, sorted, n).slice();
}

/** The kernel's memory: the text, its suffixes, and room for the buckets of all levels. */
function addressesOf(text: Uint16Array | Int32Array): { sorted: number; scratch: number } {
  const sorted = Math.ceil(text.byteLength / 8) * 8;
  return { sorted, scratch: sorted + text.length * 4 };
}

function kernelBytes(text: Uint16Array | Int32Array, largest: number): number {
  return addressesOf(text).scratch + (largest + 1) * 8 + text.length * 8;
}
