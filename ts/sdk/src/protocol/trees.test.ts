import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import { keccak, uint } from './bytes.ts';
import {
  depthOf,
  plainRoot,
  plainTree,
  provePlain,
  proveSum,
  sparseDepth,
  sparseSumTree,
  sumNodeAt,
  sumPad,
  sumRoot,
  sumRootFrom,
  sumTree,
  verifyPlain,
  verifySum,
} from './trees.ts';

const leaf = (index: number) => ({ hash: keccak(uint(index, 4)), sum: BigInt(index + 1) });
const leaves = (count: number) => Array.from({ length: count }, (_, index) => leaf(index));

describe('a tree', () => {
  it('is as deep as its leaves need', () => {
    expect([0, 1, 2, 3, 4, 5, 1024, 1025].map(depthOf)).toEqual([0, 0, 1, 2, 2, 3, 10, 11]);
    expect(sparseDepth([])).toBe(0);
    expect(sparseDepth([4, 7])).toBe(3);
    expect(sparseDepth([2 ** 40 - 1])).toBe(40);
  });

  it('proves every leaf and every absence', () => {
    const tree = sumTree(leaves(5));
    const root = sumRoot(tree);
    expect(root.sum).toBe(15n);
    for (let index = 0; index < 8; index++) {
      const node = index < 5 ? leaf(index) : sumPad(0);
      expect(verifySum(root, node, index, 3, proveSum(tree, index))).toBe(true);
      expect(verifySum(root, { ...node, sum: node.sum + 1n }, index, 3, proveSum(tree, index))).toBe(false);
      if (index < 5) expect(verifySum(root, node, index + 1, 3, proveSum(tree, index))).toBe(false);
    }
  });

  it('leaves padding out of proofs', () => {
    const sparse = sparseSumTree(new Map([[2 ** 39 + 1, leaf(1)]]), 40);
    expect(proveSum(sparse, 2 ** 39 + 1)).toEqual(new Uint8Array(5));
  });

  it('refuses proofs of another length and positions outside', () => {
    const tree = plainTree(leaves(4).map(({ hash }) => hash));
    const proof = provePlain(tree, 1);
    expect(verifyPlain(plainRoot(tree), leaf(1).hash, 1, 2, proof)).toBe(true);
    expect(verifyPlain(plainRoot(tree), leaf(1).hash, 1, 2, proof.slice(0, -1))).toBe(false);
    expect(verifyPlain(plainRoot(tree), leaf(1).hash, 1, 3, proof)).toBe(false);
    expect(verifyPlain(plainRoot(tree), leaf(1).hash, 5, 2, proof)).toBe(false);
    expect(() => provePlain(tree, 4)).toThrow('outside a tree of depth 2');
    expect(() => sparseSumTree(new Map(), 41)).toThrow('depths are 0 … 40');
  });

  it('proves inner nodes', () => {
    const tree = sumTree(leaves(6));
    const node = sumNodeAt(tree, 1, 1);
    expect(sumRootFrom(node, 1, 3, proveSum(tree, 1, 1), 1)).toEqual(sumRoot(tree));
  });

  it('keeps nodes as they were recorded, and everything above follows', () => {
    const honest = sumTree(leaves(4));
    const node = sumNodeAt(honest, 1, 0);
    const recorded = { level: 1, index: 0, hash: node.hash, sum: node.sum + 5n };
    const tampered = sparseSumTree(new Map(leaves(4).entries()), 2, [recorded]);
    expect(sumRoot(tampered).sum).toBe(sumRoot(honest).sum + 5n);
    expect(sumRoot(tampered).hash).not.toBe(sumRoot(honest).hash);
    expect(verifySum(sumRoot(tampered), leaf(0), 0, 2, proveSum(tampered, 0))).toBe(false);
    expect(verifySum(sumRoot(tampered), leaf(2), 2, 2, proveSum(tampered, 2))).toBe(true);
  });

  it('never holds more than 96 bits', () => {
    const huge = { hash: leaf(0).hash as Hex, sum: 2n ** 96n - 1n };
    const tree = sumTree([huge, huge]);
    expect(() => proveSum(sumTree([huge, huge, huge, huge]), 0)).toThrow('does not fit');
    expect(sumRoot(tree).sum).toBe(2n ** 97n - 2n);
  });
});
