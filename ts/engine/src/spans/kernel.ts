import { readFileSync } from 'node:fs';

/** What `kernel.wasm` exports; see `ts/engine/assembly/kernel.ts`. Addresses are bytes within the memory. */
export type Kernel = {
  readonly suffixArray16: SortFunction;
  readonly suffixArray32: SortFunction;
  readonly longest16: LongestFunction;
  readonly longest32: LongestFunction;
};

type SortFunction = (text: number, n: number, largest: number, sorted: number, scratch: number) => void;
type LongestFunction = (
  text: number,
  suffixes: number,
  count: number,
  firsts: number,
  keys: number,
  largest: number,
  answer: number,
  wanted: number,
  size: number,
  limit: number,
  lengths: number,
  places: number,
) => void;

const PAGE = 65_536;
/** Addresses have 32 bits. */
const MOST_BYTES = PAGE * PAGE;
/** The first bytes are the kernel's own. */
const OWN_BYTES = 4096;
/** From this many symbols on WebAssembly is worth its memory and its start. */
const WORTH_A_KERNEL = 1 << 20;

let compiled: WebAssembly.Module | undefined;

/** The kernel with a memory for arrays of the given sizes in bytes, and their addresses. */
export function createKernel(sizes: readonly number[]): {
  kernel: Kernel;
  buffer: ArrayBuffer;
  addresses: number[];
} {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  const addresses: number[] = [];
  const bytes = layOutBytes(sizes, addresses);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE), maximum: PAGE });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return { kernel: exports as Kernel, buffer: memory.buffer, addresses };
}

/** Whether a text is long enough for the kernel, and arrays of these sizes in bytes fit its memory. */
export function isWorthKernel(symbols: number, sizes: readonly number[]): boolean {
  return symbols >= WORTH_A_KERNEL && layOutBytes(sizes, []) <= MOST_BYTES;
}

function layOutBytes(sizes: readonly number[], addresses: number[]): number {
  let end = OWN_BYTES;
  for (const size of sizes) {
    addresses.push(end);
    end += Math.ceil(size / 16) * 16;
  }
  return end;
}
