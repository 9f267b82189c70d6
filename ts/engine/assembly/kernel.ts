// The hot loops of the span index for WebAssembly. `npm run build:wasm -w @openledger/engine` makes
// `src/spans/kernel.wasm` of it. All arrays lie in the imported memory, at addresses that the caller chooses.

import { suffixArray } from './suffix-array';

/** The suffix array of 16-bit symbols. */
export function suffixArray16(text: usize, n: i32, largest: i32, sorted: usize, scratch: usize): void {
  suffixArray<u16>(text, n, largest, sorted, scratch);
}

/** The suffix array of 32-bit symbols. */
export function suffixArray32(text: usize, n: i32, largest: i32, sorted: usize, scratch: usize): void {
  suffixArray<i32>(text, n, largest, sorted, scratch);
}
