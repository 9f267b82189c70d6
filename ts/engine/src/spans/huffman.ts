/** A prefix code as a tree of `left.length` nodes, the first one the root. Negative children are symbols: ~symbol. */
export type PrefixCode = {
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Per symbol its code, the first bit highest, and how many bits it has; 0 bits for one that does not occur. */
  readonly codes: Int32Array;
  readonly bits: Uint8Array;
};

/** Codes must fit a number's bits. */
const LONGEST = 30;

/**
 * Huffman's code for symbols that occur so often. Codes longer than 30 bits, which only counts like Fibonacci's give,
 * are avoided by making the counts more equal.
 */
export function prefixCode(counts: Float64Array): PrefixCode {
  for (let flattened = counts; ; flattened = flattened.map((count) => count && Math.ceil(count / 2) + 1)) {
    const tree = treeOf(flattened);
    const code = codesOf(tree, counts.length);
    if (code !== undefined) return { ...tree, ...code };
  }
}

type Tree = Pick<PrefixCode, 'left' | 'right'>;

/** Joins the two rarest nodes until one is left. Joined ones come out in ascending order, so two queues will do. */
function treeOf(counts: Float64Array): Tree {
  const symbols = [...counts.keys()].filter((symbol) => counts[symbol] > 0);
  symbols.sort((a, b) => counts[a] - counts[b] || a - b);
  const size = Math.max(0, symbols.length - 1);
  const left = new Int32Array(size);
  const right = new Int32Array(size);
  const weights = new Float64Array(size);
  let leaf = 0;
  let inner = 0;
  const rarest = (made: number): number => {
    const takeLeaf =
      leaf < symbols.length && (inner >= made || counts[symbols[leaf]] <= weights[size - 1 - inner]);
    return takeLeaf ? ~symbols[leaf++] : size - 1 - inner++;
  };
  const weightOf = (node: number) => (node < 0 ? counts[~node] : weights[node]);
  for (let made = 0; made < size; made += 1) {
    const node = size - 1 - made;
    left[node] = rarest(made);
    right[node] = rarest(made);
    weights[node] = weightOf(left[node]) + weightOf(right[node]);
  }
  return { left, right };
}

function codesOf({ left, right }: Tree, symbols: number): Pick<PrefixCode, 'codes' | 'bits'> | undefined {
  const codes = new Int32Array(symbols);
  const bits = new Uint8Array(symbols);
  const waiting: { node: number; code: number; depth: number }[] = [];
  if (left.length > 0) waiting.push({ node: 0, code: 0, depth: 0 });
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, code, depth } = next;
    if (node < 0) {
      codes[~node] = code;
      bits[~node] = depth;
      continue;
    }
    if (depth === LONGEST) return undefined;
    waiting.push({ node: left[node], code: code << 1, depth: depth + 1 });
    waiting.push({ node: right[node], code: (code << 1) | 1, depth: depth + 1 });
  }
  return { codes, bits };
}
