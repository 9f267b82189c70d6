import { createKernel, isWorthKernel } from './kernel.ts';
import { keyCount } from './tables.ts';

/** The arrays of an index that is about to be filled. */
export type IndexMemory = {
  readonly text: Uint16Array | Int32Array;
  readonly suffixes: Int32Array;
  readonly firsts: Int32Array;
  readonly keys: Int32Array;
  /** Searches by WebAssembly, if the arrays are in its memory. */
  readonly search?: KernelSearch;
};

/** The longest matches of an answer, of whose every place two keys are given; undefined if it is too long. */
export type KernelSearch = (
  answer: Int32Array,
  keys: Int32Array,
  limit: number,
) => { lengths: Int32Array; places: Int32Array } | undefined;

export type IndexSize = {
  /** Bytes of a symbol. */
  readonly width: 2 | 4;
  readonly symbols: number;
  readonly suffixes: number;
  readonly largest: number;
};

/** Symbols of an answer that there is room for. */
const ANSWER = 1 << 16;

/** Memory for an index: a large one lies in WebAssembly's, where its search is quicker by half. */
export function allocateIndex(size: IndexSize): IndexMemory {
  return isWorthKernel(size.symbols, sizesOf(size)) ? allocateForKernel(size) : allocateArrays(size);
}

/** The same in typed arrays, whatever the size. */
export function allocateArrays({ width, symbols, suffixes, largest }: IndexSize): IndexMemory {
  return {
    text: width === 2 ? new Uint16Array(symbols) : new Int32Array(symbols),
    suffixes: new Int32Array(suffixes),
    firsts: new Int32Array(largest + 2),
    keys: new Int32Array(keyCount(suffixes)),
  };
}

/** The same in WebAssembly's memory, whatever the size. */
export function allocateForKernel(size: IndexSize): IndexMemory {
  const { width, symbols, suffixes: count, largest } = size;
  const { kernel, buffer, addresses } = createKernel(sizesOf(size));
  const [text, suffixes, firsts, keys, answer, wanted, lengths, places] = addresses;
  const longest = width === 2 ? kernel.longest16 : kernel.longest32;
  return {
    text: width === 2 ? new Uint16Array(buffer, text, symbols) : new Int32Array(buffer, text, symbols),
    suffixes: new Int32Array(buffer, suffixes, count),
    firsts: new Int32Array(buffer, firsts, largest + 2),
    keys: new Int32Array(buffer, keys, keyCount(count)),
    search: (symbolsOfAnswer, keysOfAnswer, limit) => {
      const n = symbolsOfAnswer.length;
      if (n > ANSWER) return undefined;
      new Int32Array(buffer, answer, n).set(symbolsOfAnswer);
      new Int32Array(buffer, wanted, n * 2).set(keysOfAnswer);
      longest(text, suffixes, count, firsts, keys, largest, answer, wanted, n, limit, lengths, places);
      return {
        lengths: new Int32Array(buffer, lengths, n).slice(),
        places: new Int32Array(buffer, places, n).slice(),
      };
    },
  };
}

function sizesOf({ width, symbols, suffixes, largest }: IndexSize): number[] {
  const answer = ANSWER * 4;
  const arrays = [symbols * width, suffixes * 4, (largest + 2) * 4, keyCount(suffixes) * 4];
  return [...arrays, answer, answer * 2, answer, answer];
}
