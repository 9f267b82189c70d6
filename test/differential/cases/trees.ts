import { encodeAbiParameters, type Hex, parseAbiParameters } from 'viem';
import { depth, type Leaf, proof, root } from '../naive/trees.ts';
import { rng } from '../rng.ts';

/** Dense, sparse and empty trees of both kinds, each with proofs of some positions, padding included. */
export function treeVectors() {
  const random = rng(1);
  const cases: {
    sums: boolean;
    depth: number;
    leaves: Leaf[];
    root: Hex;
    sum: bigint;
    proofs: { position: number; proof: Hex }[];
  }[] = [];
  const add = (sums: boolean, positions: number[], height: number) => {
    const leaves = positions.map((position) => ({
      position,
      hash: random.hash(),
      sum: sums ? random.bigint(2n ** 80n) : 0n,
    }));
    const top = root(leaves, height, sums);
    const asked = new Set([...positions.slice(0, 3), random.int(2 ** height), 2 ** height - 1]);
    cases.push({
      sums,
      depth: height,
      leaves,
      root: top.hash,
      sum: top.sum,
      proofs: [...asked].map((position) => ({ position, proof: proof(leaves, height, sums, position) })),
    });
  };
  for (const sums of [true, false]) {
    for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17])
      add(sums, [...Array(count).keys()], depth(count));
    add(sums, [4], 3);
    add(sums, [1, 6, 13, 4], 4);
    add(sums, [0, 4, 8, 12, 41, 42], 6);
    add(sums, [5, 2 ** 39 + 1, 2 ** 40 - 1, 0, 77], 40);
    add(sums, [random.int(2 ** 17), random.int(2 ** 17), random.int(2 ** 17)], 17);
  }
  const abi = cases.flatMap((one) =>
    one.proofs.map(({ position, proof: path }) => {
      const leaf = one.leaves.find((candidate) => candidate.position === position);
      return encodeAbiParameters(
        parseAbiParameters([
          'Case c',
          'struct Case { bool sums; uint8 depth; uint40 position; bytes32 leaf; uint96 leafSum; bytes proof; bytes32 root; uint96 sum; }',
        ]),
        [
          {
            sums: one.sums,
            depth: one.depth,
            position,
            leaf: leaf?.hash ?? PAD,
            leafSum: leaf?.sum ?? 0n,
            proof: path,
            root: one.root,
            sum: one.sum,
          },
        ],
      );
    }),
  );
  const dense = cases
    .filter((one) => one.leaves.every((leaf, index) => leaf.position === index) && one.leaves.length <= 17)
    .map((one) =>
      encodeAbiParameters(
        parseAbiParameters('bool sums, bytes32[] leaves, uint96[] leafSums, bytes32 root, uint96 sum'),
        [
          one.sums,
          one.leaves.map((leaf) => leaf.hash),
          one.leaves.map((leaf) => leaf.sum),
          one.root,
          one.sum,
        ],
      ),
    );
  const pads = [0, 1, 2, 17, 39, 40].map((height) => ({
    height,
    sum: root([], height, true).hash,
    plain: root([], height, false).hash,
  }));
  return { cases, pads, abi, denseAbi: dense };
}

const PAD = root([], 0, false).hash;
