// The hot loops of the span index for WebAssembly. `npm run build:wasm -w @openledger/engine` makes
// `src/spans/kernel.wasm` of it. All arrays lie in the imported memory, at addresses that the caller chooses; the
// first 4096 bytes are the kernel's own.

import { longest } from './longest';
import { suffixArray } from './suffix-array';

/** The suffix array of 16-bit symbols. */
export function suffixArray16(text: usize, n: i32, largest: i32, sorted: usize, scratch: usize): void {
  suffixArray<u16>(text, n, largest, sorted, scratch);
}

/** The suffix array of 32-bit symbols. */
export function suffixArray32(text: usize, n: i32, largest: i32, sorted: usize, scratch: usize): void {
  suffixArray<i32>(text, n, largest, sorted, scratch);
}

/** The longest match at every place of an answer, in 16-bit symbols. */
export function longest16(
  text: usize,
  suffixes: usize,
  count: i32,
  firsts: usize,
  keys: usize,
  largest: i32,
  answer: usize,
  wanted: usize,
  size: i32,
  limit: i32,
  lengths: usize,
  places: usize,
): void {
  longest<u16>(text, suffixes, count, firsts, keys, largest, answer, wanted, size, limit, lengths, places);
}

/** The longest match at every place of an answer, in 32-bit symbols. */
export function longest32(
  text: usize,
  suffixes: usize,
  count: i32,
  firsts: usize,
  keys: usize,
  largest: i32,
  answer: usize,
  wanted: usize,
  size: i32,
  limit: i32,
  lengths: usize,
  places: usize,
): void {
  longest<i32>(text, suffixes, count, firsts, keys, largest, answer, wanted, size, limit, lengths, places);
}
