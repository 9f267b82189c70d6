import { createKernel, isWorthKernel } from './kernel.ts';
import { suffixArray } from './suffix-array.ts';

/** The suffix array of a text, by WebAssembly where that pays and fits its memory, else by TypeScript. */
export function sortSuffixes(text: Uint16Array | Int32Array, largest: number): Int32Array {
  return isWorthKernel(text.length, sizesOf(text, largest))
    ? sortByKernel(text, largest)
    : suffixArray(text, largest);
}

/** The suffix array by WebAssembly, whatever the size of the text. */
export function sortByKernel(text: Uint16Array | Int32Array, largest: number): Int32Array {
  const { kernel, buffer, addresses } = createKernel(sizesOf(text, largest));
  const [place, sorted, scratch] = addresses;
  const n = text.length;
  if (text instanceof Uint16Array) {
    new Uint16Array(buffer, place, n).set(text);
    kernel.suffixArray16(place, n, largest, sorted, scratch);
  } else {
    new Int32Array(buffer, place, n).set(text);
    kernel.suffixArray32(place, n, largest, sorted, scratch);
  }
  return new Int32Array(buffer, sorted, n).slice();
}

/** The text, its suffixes, and room for the buckets of all levels. */
function sizesOf(text: Uint16Array | Int32Array, largest: number): number[] {
  return [text.byteLength, text.length * 4, (largest + 1) * 8 + text.length * 8];
}
