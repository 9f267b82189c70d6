import type { Hex } from 'viem';
import {
  concat,
  fixed,
  ProtocolError,
  readHex,
  readUint,
  sameHex,
  taggedHash,
  toBytes,
  uint,
} from './bytes.ts';

/** A node of a sum tree: its hash and the sum of the leaves under it. */
export type SumNode = { hash: Hex; sum: bigint };

/** A node whose place in its tree matters: level 0 are the leaves. */
export type PlacedNode = SumNode & { level: number; index: number };

/** A tree with every node that is not padding, by level and index. Sparse and dense trees are the same thing. */
export type SumTree = { depth: number; levels: ReadonlyMap<number, SumNode>[] };
export type PlainTree = { depth: number; levels: ReadonlyMap<number, Hex>[] };

/** Trees are never deeper: positions are asset ids of 40 bits. */
export const MAX_DEPTH = 40;

/** Hash of a leaf that is not there. */
export const PAD_LEAF: Hex = taggedHash(0x02);

const BITMAP_BYTES = 5;
const SUM_BYTES = 12;

/** Hash of an inner node of a sum tree. Both sums are inside, so neither can be moved to the other side. */
export function hashSumNode(left: SumNode, right: SumNode): Hex {
  return taggedHash(0x01, encodeSumChildren(left, right));
}

/** What an inner node of a sum tree hashes, without the tag: `lh32 ‖ lsum12 ‖ rh32 ‖ rsum12`. */
export function encodeSumChildren(left: SumNode, right: SumNode): Uint8Array<ArrayBuffer> {
  return concat(
    fixed(left.hash, 32, 'left hash'),
    uint(left.sum, SUM_BYTES, 'left sum'),
    fixed(right.hash, 32, 'right hash'),
    uint(right.sum, SUM_BYTES, 'right sum'),
  );
}

/** Hash of an inner node of a plain tree. */
export function hashPlainNode(left: Hex, right: Hex): Hex {
  return taggedHash(0x03, fixed(left, 32, 'left hash'), fixed(right, 32, 'right hash'));
}

const SUM_PADS: Hex[] = [PAD_LEAF];
const PLAIN_PADS: Hex[] = [PAD_LEAF];
for (let level = 0; level < MAX_DEPTH; level++) {
  const pad = { hash: SUM_PADS[level]!, sum: 0n };
  SUM_PADS.push(hashSumNode(pad, pad));
  PLAIN_PADS.push(hashPlainNode(PLAIN_PADS[level]!, PLAIN_PADS[level]!));
}

/** An empty subtree of a sum tree, `level` levels high. */
export function sumPad(level: number): SumNode {
  return { hash: SUM_PADS[level]!, sum: 0n };
}

/** An empty subtree of a plain tree, `level` levels high. */
export function plainPad(level: number): Hex {
  return PLAIN_PADS[level]!;
}

/** Depth of a dense tree of `count` leaves: ⌈log₂ max(count, 1)⌉. */
export function depthOf(count: number): number {
  let depth = 0;
  while (2 ** depth < count) depth++;
  return depth;
}

/** The smallest depth at which every position of a sparse tree has a place. */
export function sparseDepth(positions: Iterable<number>): number {
  let highest = 0;
  for (const position of positions) highest = Math.max(highest, position);
  return depthOf(highest + 1);
}

/** Dense sum tree: leaf i at position i. */
export function sumTree(leaves: readonly SumNode[]): SumTree {
  return sparseSumTree(new Map(leaves.entries()), depthOf(leaves.length));
}

/**
 * Sum tree with leaves at chosen positions. `recorded` nodes replace what the leaves give: this is how a
 * tree that does not add up is described, so that the place where it fails can be opened.
 */
export function sparseSumTree(
  leaves: ReadonlyMap<number, SumNode>,
  depth: number,
  recorded: readonly PlacedNode[] = [],
): SumTree {
  checkPositions(leaves.keys(), depth);
  const overrides = recorded.map((node) => ({ ...node, key: `${node.level}/${node.index}` }));
  const levels: Map<number, SumNode>[] = [];
  for (let level = 0; level <= depth; level++) {
    const nodes = new Map<number, SumNode>(level === 0 ? leaves : []);
    for (const parent of level === 0 ? [] : parentsOf(levels[level - 1]!)) {
      const left = levels[level - 1]!.get(2 * parent) ?? sumPad(level - 1);
      const right = levels[level - 1]!.get(2 * parent + 1) ?? sumPad(level - 1);
      nodes.set(parent, { hash: hashSumNode(left, right), sum: left.sum + right.sum });
    }
    for (const node of overrides) {
      if (node.level === level) nodes.set(node.index, { hash: node.hash, sum: node.sum });
    }
    levels.push(nodes);
  }
  return { depth, levels };
}

/** Dense plain tree: leaf i at position i. */
export function plainTree(leaves: readonly Hex[]): PlainTree {
  return sparsePlainTree(new Map(leaves.entries()), depthOf(leaves.length));
}

/** Plain tree with leaves at chosen positions. */
export function sparsePlainTree(leaves: ReadonlyMap<number, Hex>, depth: number): PlainTree {
  checkPositions(leaves.keys(), depth);
  const levels: Map<number, Hex>[] = [new Map(leaves)];
  for (let level = 1; level <= depth; level++) {
    const below = levels[level - 1]!;
    const nodes = new Map<number, Hex>();
    for (const parent of parentsOf(below)) {
      const left = below.get(2 * parent) ?? plainPad(level - 1);
      const right = below.get(2 * parent + 1) ?? plainPad(level - 1);
      nodes.set(parent, hashPlainNode(left, right));
    }
    levels.push(nodes);
  }
  return { depth, levels };
}

/** Root of a sum tree. */
export function sumRoot(tree: SumTree): SumNode {
  return sumNodeAt(tree, tree.depth, 0);
}

/** Root of a plain tree. */
export function plainRoot(tree: PlainTree): Hex {
  return plainNodeAt(tree, tree.depth, 0);
}

/** A node of a sum tree, padding included. */
export function sumNodeAt(tree: SumTree, level: number, index: number): SumNode {
  return tree.levels[level]!.get(index) ?? sumPad(level);
}

/** A node of a plain tree, padding included. */
export function plainNodeAt(tree: PlainTree, level: number, index: number): Hex {
  return tree.levels[level]!.get(index) ?? plainPad(level);
}

/** `bitmap5 ‖ siblings` from a node upward; bit h of the bitmap says that level h's sibling is given. */
export function proveSum(tree: SumTree, index: number, level = 0): Uint8Array<ArrayBuffer> {
  return encodeProof(tree.depth, index, level, (height, sibling) => {
    const node = sumNodeAt(tree, height, sibling);
    if (node.sum === 0n && sameHex(node.hash, SUM_PADS[height]!)) return undefined;
    return concat(node.hash, uint(node.sum, SUM_BYTES, 'sibling sum'));
  });
}

/** As {@link proveSum}, for a plain tree. */
export function provePlain(tree: PlainTree, index: number, level = 0): Uint8Array<ArrayBuffer> {
  return encodeProof(tree.depth, index, level, (height, sibling) => {
    const node = plainNodeAt(tree, height, sibling);
    return sameHex(node, PLAIN_PADS[height]!) ? undefined : toBytes(node);
  });
}

/**
 * Proof of the leaves `first` … `first + count − 1` of a dense tree: `bitmap5 ‖ siblings`, at each height the left one,
 * which a dense tree always has, then the right one; bit h of the bitmap says that the right one is given at height h.
 */
export function provePlainRange(tree: PlainTree, first: number, count: number): Uint8Array<ArrayBuffer> {
  checkPositions([first, first + count - 1], tree.depth);
  let bitmap = 0n;
  const siblings: Uint8Array[] = [];
  let [from, to] = [first, first + count - 1];
  for (let level = 0; level < tree.depth; level++) {
    if (from % 2 === 1) siblings.push(toBytes(plainNodeAt(tree, level, from - 1)));
    const right = plainNodeAt(tree, level, to + 1);
    if (to % 2 === 0 && !sameHex(right, PLAIN_PADS[level]!)) {
      bitmap |= 1n << BigInt(level);
      siblings.push(toBytes(right));
    }
    [from, to] = [Math.floor(from / 2), Math.floor(to / 2)];
  }
  return concat(uint(bitmap, BITMAP_BYTES), ...siblings);
}

/** The root that a leaf and its proof lead to. Throws on a proof of the wrong length. */
export function sumRootFrom(
  leaf: SumNode,
  index: number,
  depth: number,
  proof: Uint8Array,
  level = 0,
): SumNode {
  let node = leaf;
  walkProof(index, depth, proof, level, 32 + SUM_BYTES, (height, isRight, offset) => {
    const sibling =
      offset === undefined
        ? sumPad(height)
        : { hash: readHex(proof, offset, 32), sum: readUint(proof, offset + 32, SUM_BYTES) };
    const [left, right] = isRight ? [sibling, node] : [node, sibling];
    node = { hash: hashSumNode(left, right), sum: left.sum + right.sum };
  });
  return node;
}

/** As {@link sumRootFrom}, for a plain tree. */
export function plainRootFrom(leaf: Hex, index: number, depth: number, proof: Uint8Array, level = 0): Hex {
  let node = leaf;
  walkProof(index, depth, proof, level, 32, (height, isRight, offset) => {
    const sibling = offset === undefined ? plainPad(height) : readHex(proof, offset, 32);
    node = isRight ? hashPlainNode(sibling, node) : hashPlainNode(node, sibling);
  });
  return node;
}

/** Whether `leaf` is at `index` of the sum tree with this root. */
export function verifySum(
  root: SumNode,
  leaf: SumNode,
  index: number,
  depth: number,
  proof: Uint8Array,
): boolean {
  const found = attempt(() => sumRootFrom(leaf, index, depth, proof));
  return found !== undefined && sameHex(found.hash, root.hash) && found.sum === root.sum;
}

/** Whether `leaf` is at `index` of the plain tree with this root. */
export function verifyPlain(root: Hex, leaf: Hex, index: number, depth: number, proof: Uint8Array): boolean {
  const found = attempt(() => plainRootFrom(leaf, index, depth, proof));
  return found !== undefined && sameHex(found, root);
}

function encodeProof(
  depth: number,
  index: number,
  from: number,
  siblingAt: (level: number, index: number) => Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  checkPositions([index], depth - from);
  let bitmap = 0n;
  const siblings: Uint8Array[] = [];
  let position = index;
  for (let level = from; level < depth; level++) {
    const sibling = siblingAt(level, position % 2 === 0 ? position + 1 : position - 1);
    if (sibling) {
      bitmap |= 1n << BigInt(level);
      siblings.push(sibling);
    }
    position = Math.floor(position / 2);
  }
  return concat(uint(bitmap, BITMAP_BYTES), ...siblings);
}

function walkProof(
  index: number,
  depth: number,
  proof: Uint8Array,
  from: number,
  siblingBytes: number,
  visit: (level: number, isRight: boolean, offset: number | undefined) => void,
): void {
  checkPositions([index], depth - from);
  const bitmap = readUint(proof, 0, BITMAP_BYTES);
  let offset = BITMAP_BYTES;
  let position = index;
  for (let level = from; level < depth; level++) {
    const given = ((bitmap >> BigInt(level)) & 1n) === 1n;
    visit(level, position % 2 === 1, given ? offset : undefined);
    if (given) offset += siblingBytes;
    position = Math.floor(position / 2);
  }
  const expected = bitmap >> BigInt(depth) === 0n && bitmap % (1n << BigInt(from)) === 0n;
  if (offset !== proof.length || !expected) {
    throw new ProtocolError('The proof is not as long as its bitmap says, or names levels outside the tree.');
  }
}

function parentsOf(nodes: ReadonlyMap<number, unknown>): Set<number> {
  const parents = new Set<number>();
  for (const index of nodes.keys()) parents.add(Math.floor(index / 2));
  return parents;
}

function checkPositions(positions: Iterable<number>, depth: number): void {
  if (!Number.isInteger(depth) || depth < 0 || depth > MAX_DEPTH) {
    throw new ProtocolError(`A tree of depth ${depth} does not exist: depths are 0 … ${MAX_DEPTH}.`);
  }
  for (const position of positions) {
    if (!Number.isSafeInteger(position) || position < 0 || position >= 2 ** depth) {
      throw new ProtocolError(`Position ${position} is outside a tree of depth ${depth}.`);
    }
  }
}

function attempt<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
