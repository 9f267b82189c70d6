import { readFileSync } from 'node:fs';

/** What `kernel.wasm` exports; see `ts/engine/assembly/kernel.ts`. Addresses are bytes within the memory. */
export type Kernel = {
  suffixArray16(text: number, n: number, largest: number, sorted: number, scratch: number): void;
  suffixArray32(text: number, n: number, largest: number, sorted: number, scratch: number): void;
};

const PAGE = 65_536;
/** Addresses have 32 bits. */
export const MOST_BYTES = PAGE * PAGE;

let compiled: WebAssembly.Module | undefined;

/** The kernel with a memory of its own, of at least `bytes` bytes. */
export function createKernel(bytes: number): { kernel: Kernel; memory: WebAssembly.Memory } {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE), maximum: PAGE });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return { kernel: exports as Kernel, memory };
}
