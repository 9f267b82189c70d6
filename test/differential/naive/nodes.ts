/** Sum trees node by node, whose recorded sums may lie. Shares nothing with ts/sdk or src/. */
import { concatHex, encodePacked, type Hex, keccak256, numberToHex } from 'viem';

export type Placed = { hash: Hex; sum: bigint; preimage: Hex };
/** Adds `by` to the recorded sum of a node and takes it from its sibling's: nothing above shows it. */
export type Shift = { height: number; index: number; by: bigint };

export type Nodes = {
  depth: number;
  /** The node as its parent records it. */
  at: (height: number, index: number) => Placed;
  root: Placed;
  path: (height: number, index: number) => Hex;
};

export function sumNodes(
  depth: number,
  leaves: Map<number, { preimage: Hex; sum: bigint }>,
  shift?: Shift,
): Nodes {
  const known = new Map<string, Placed>();
  const at = (height: number, index: number): Placed => {
    const key = `${height} ${index}`;
    if (!known.has(key)) known.set(key, make(height, index));
    return known.get(key)!;
  };
  const make = (height: number, index: number): Placed => {
    const node = height === 0 ? leaf(index) : join(at(height - 1, 2 * index), at(height - 1, 2 * index + 1));
    if (shift?.height !== height || shift.index >> 1 !== index >> 1) return node;
    return { ...node, sum: node.sum + (shift.index === index ? shift.by : -shift.by) };
  };
  const leaf = (index: number): Placed => {
    const { preimage, sum } = leaves.get(index) ?? { preimage: '0x02' as Hex, sum: 0n };
    return { preimage, sum, hash: keccak256(preimage) };
  };
  return {
    depth,
    at,
    root: at(depth, 0),
    path(height, index) {
      let bitmap = 0n;
      let siblings: Hex = '0x';
      let pad = join0(height);
      for (let h = height; h < depth; h++) {
        const sibling = at(h, Math.floor(index / 2 ** (h - height)) ^ 1);
        if (sibling.hash !== pad.hash || sibling.sum !== 0n) {
          bitmap += 2n ** BigInt(h);
          siblings = concatHex([siblings, sibling.hash, numberToHex(sibling.sum, { size: 12 })]);
        }
        pad = join(pad, pad);
      }
      return concatHex([numberToHex(bitmap, { size: 5 }), siblings]);
    },
  };
}

function join0(height: number): Placed {
  if (height === 0) return { preimage: '0x02', sum: 0n, hash: keccak256('0x02') };
  const half = join0(height - 1);
  return join(half, half);
}

function join(left: Placed, right: Placed): Placed {
  const preimage = encodePacked(
    ['bytes1', 'bytes32', 'uint96', 'bytes32', 'uint96'],
    ['0x01', left.hash, left.sum, right.hash, right.sum],
  );
  return { preimage, sum: left.sum + right.sum, hash: keccak256(preimage) };
}
