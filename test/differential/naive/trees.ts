/** Trees of docs/formats.md by recursion over halves. Shares nothing with ts/sdk or src/. */
import { concatHex, encodePacked, type Hex, keccak256, numberToHex } from 'viem';

export type Leaf = { position: number; hash: Hex; sum: bigint };
export type Node = { hash: Hex; sum: bigint };

const inHalf = (leaves: Leaf[], from: number, size: number) =>
  leaves.filter((leaf) => leaf.position >= from && leaf.position < from + size);

const emptyNodes = new Map<string, Node>();
function empty(depth: number, sums: boolean): Node {
  const key = `${depth} ${sums}`;
  if (!emptyNodes.has(key)) {
    const half = depth === 0 ? undefined : empty(depth - 1, sums);
    emptyNodes.set(key, half ? join(half, half, sums) : { hash: keccak256('0x02'), sum: 0n });
  }
  return emptyNodes.get(key)!;
}

function join(left: Node, right: Node, sums: boolean): Node {
  const hash = sums
    ? keccak256(
        encodePacked(
          ['bytes1', 'bytes32', 'uint96', 'bytes32', 'uint96'],
          ['0x01', left.hash, left.sum, right.hash, right.sum],
        ),
      )
    : keccak256(encodePacked(['bytes1', 'bytes32', 'bytes32'], ['0x03', left.hash, right.hash]));
  return { hash, sum: left.sum + right.sum };
}

/** Root of the tree of 2^depth leaves of which these are not padding. */
export function root(leaves: Leaf[], depth: number, sums: boolean, from = 0): Node {
  if (leaves.length === 0) return empty(depth, sums);
  if (depth === 0) return { hash: leaves[0]!.hash, sum: leaves[0]!.sum };
  const half = 2 ** (depth - 1);
  return join(
    root(inHalf(leaves, from, half), depth - 1, sums, from),
    root(inHalf(leaves, from + half, half), depth - 1, sums, from + half),
    sums,
  );
}

/** Bitmap and siblings from the leaf at `position` upward. */
export function proof(leaves: Leaf[], depth: number, sums: boolean, position: number): Hex {
  let bitmap = 0n;
  let siblings: Hex = '0x';
  for (let height = 0; height < depth; height++) {
    const size = 2 ** height;
    const mine = Math.floor(position / size);
    const other = mine % 2 === 0 ? mine + 1 : mine - 1;
    const under = inHalf(leaves, other * size, size);
    const node = root(under, height, sums, other * size);
    const pad = empty(height, sums);
    if (node.hash === pad.hash && node.sum === pad.sum) continue;
    bitmap += 2n ** BigInt(height);
    siblings = concatHex([siblings, node.hash, ...(sums ? [numberToHex(node.sum, { size: 12 })] : [])]);
  }
  return concatHex([numberToHex(bitmap, { size: 5 }), siblings]);
}

/** Proof of the leaves `first` … `last` of a dense tree: at each height the left sibling, then the right one unless it is padding. */
export function rangeProof(leaves: Leaf[], depth: number, first: number, last: number): Hex {
  let bitmap = 0n;
  let siblings: Hex = '0x';
  for (let height = 0; height < depth; height++) {
    const size = 2 ** height;
    const [from, to] = [Math.floor(first / size), Math.floor(last / size)];
    const node = (index: number) => root(inHalf(leaves, index * size, size), height, false, index * size);
    if (from % 2 === 1) siblings = concatHex([siblings, node(from - 1).hash]);
    if (to % 2 === 1 || node(to + 1).hash === empty(height, false).hash) continue;
    bitmap += 2n ** BigInt(height);
    siblings = concatHex([siblings, node(to + 1).hash]);
  }
  return concatHex([numberToHex(bitmap, { size: 5 }), siblings]);
}

/** ⌈log₂ max(n, 1)⌉ */
export const depth = (n: number): number => (n <= 1 ? 0 : 1 + depth(Math.ceil(n / 2)));

export const dense = (hashes: Hex[]): Hex =>
  root(
    hashes.map((hash, position) => ({ position, hash, sum: 0n })),
    depth(hashes.length),
    false,
  ).hash;
