import { fromRlp, type Hex, hexToBytes, keccak256 } from 'viem';
import { mustHold } from './error.ts';

type Node = readonly (Hex | Node)[];

/**
 * What a Merkle Patricia trie has under a key, by the nodes that `eth_getProof` gives: the RLP of the value, or undefined
 * where the proof shows that there is nothing. Throws when the nodes do not lead from the root.
 *
 * Yellow paper, appendix D: a node is named by the hash of its RLP, or is written in its parent's place when that is
 * shorter than 32 bytes; a path's first nibble says whether it ends in a leaf (2) and whether it is odd (1).
 *
 * @param key - 32 bytes, hashed already
 */
export function provenValue(root: Hex, key: Hex, proof: readonly Hex[]): Hex | undefined {
  const path = nibbles(hexToBytes(key));
  const encoded = [...proof];
  let next: Hex | Node = root;
  let depth = 0;
  for (;;) {
    if (next === '0x') return undefined;
    const node: Node = typeof next === 'string' ? take(encoded, next) : next;
    if (node.length === 17) {
      if (depth === path.length) return leafValue(node[16]);
      next = node[path[depth]!]!;
      depth += 1;
      continue;
    }
    mustHold(
      node.length === 2 && typeof node[0] === 'string',
      'a node of the trie has neither 2 nor 17 items',
    );
    const { rest, isLeaf } = pathOf(node[0] as Hex);
    const matches = rest.every((nibble, index) => path[depth + index] === nibble);
    // Another key's path: nothing is under this one.
    if (!matches) return undefined;
    depth += rest.length;
    if (isLeaf) return depth === path.length ? leafValue(node[1]) : undefined;
    next = node[1]!;
  }
}

/** The next node of the proof, which must have this hash. */
function take(encoded: Hex[], hash: Hex): Node {
  const rlp = encoded.shift();
  // The root of an empty trie is the hash of the RLP of nothing; it has no nodes.
  if (rlp === undefined && hash === EMPTY_ROOT) return Array(17).fill('0x');
  mustHold(rlp !== undefined, 'nodes of the trie are missing');
  mustHold(keccak256(rlp) === hash, 'a node of the trie does not have the hash that names it');
  const node = fromRlp(rlp, 'hex');
  mustHold(Array.isArray(node), 'a node of the trie is not a list');
  return node as Node;
}

const EMPTY_ROOT = keccak256('0x80');

function leafValue(value: Hex | Node | undefined): Hex | undefined {
  mustHold(typeof value === 'string', 'a value of the trie is a list');
  return value === '0x' ? undefined : value;
}

function pathOf(encoded: Hex): { rest: number[]; isLeaf: boolean } {
  const all = nibbles(hexToBytes(encoded));
  mustHold(all[0] !== undefined && all[0] < 4, 'a path of the trie is malformed');
  return { rest: all.slice(all[0] % 2 === 1 ? 1 : 2), isLeaf: all[0] >= 2 };
}

function nibbles(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}
