import { encodeAbiParameters, type Hex } from 'viem';
import { fixed, fromHex, keccak, taggedHash, uint, ZERO_HASH } from './bytes.ts';

/** What may happen to a datanet's contents. */
export const DATANET_OP = { accept: 0, tombstone: 1 } as const;
export type DatanetOp = (typeof DATANET_OP)[keyof typeof DATANET_OP];

/** Version of a datanet before its first acceptance. */
export const EMPTY_VERSION = ZERO_HASH;

/** The version after an acceptance or a tombstone: a hash chain, so that a version names one exact content. */
export function nextVersion(version: Hex, op: DatanetOp, asset: number): Hex {
  return taggedHash(0x32, fixed(version, 32, 'version'), uint(op, 1, 'op'), uint(asset, 5, 'asset'));
}

/** What a contributor commits to a block before the contribution itself, so that nobody can claim it first. */
export function contributionCommitment(owner: Hex, contentRoot: Hex, rowsRoot: Hex, salt: Hex): Hex {
  return keccak(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'bytes32' }, { type: 'bytes32' }, { type: 'bytes32' }],
      [owner, contentRoot, rowsRoot, salt],
    ),
  );
}

/** What a contributor submits, as ABI parameters in order; `src/types/Contribution.sol` says what they mean. */
export const CONTRIBUTION_INPUT_ABI = [
  { name: 'datanetId', type: 'uint40' },
  { name: 'contentRoot', type: 'bytes32' },
  { name: 'byteLength', type: 'uint40' },
  { name: 'rowsRoot', type: 'bytes32' },
  { name: 'rowCount', type: 'uint32' },
  { name: 'kind', type: 'uint8' },
  { name: 'refersTo', type: 'uint40' },
  { name: 'firstRow', type: 'uint32' },
  { name: 'licence', type: 'string' },
  { name: 'sourceHash', type: 'bytes32' },
  { name: 'uri', type: 'string' },
] as const;

export type ContributionInput = {
  datanetId: number;
  contentRoot: Hex;
  byteLength: number;
  rowsRoot: Hex;
  rowCount: number;
  kind: number;
  refersTo: number;
  firstRow: number;
  licence: string;
  sourceHash: Hex;
  uri: string;
};

/** What the registry's `inputHashOf` is the keccak-256 of. */
export function encodeContributionInput(input: ContributionInput): Uint8Array {
  return fromHex(encodeAbiParameters([{ type: 'tuple', components: CONTRIBUTION_INPUT_ABI }], [input]));
}
