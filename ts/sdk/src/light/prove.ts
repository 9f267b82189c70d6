import { type Hex, keccak256, numberToHex, toRlp } from 'viem';
import { NO_CREDIT } from '../protocol/attribution.ts';
import { toHex } from '../protocol/bytes.ts';
import {
  attributionsTree,
  type ClaimTrees,
  creditsTree,
  payoutOf,
  payoutsTree,
} from '../protocol/claim-trees.ts';
import type { Claim } from '../protocol/claims.ts';
import type { Receipt } from '../protocol/receipts.ts';
import { provePlain, proveSum } from '../protocol/trees.ts';
import { LightProofError } from './error.ts';
import type { CreditProof, LightProof } from './proof.ts';

/** The parts of a proof that come from a claim's tree dump; undefined when the claim does not have the receipt. */
export function proveReceipt(
  claim: Claim,
  trees: ClaimTrees,
  receipt: { nodeId: number; receipt: Receipt; nodeSignature: Hex; number: number },
): Omit<LightProof, 'block'> | undefined {
  const position = receipt.number - claim.firstReceipt;
  const committed = trees.attributions[position];
  if (committed === undefined) return undefined;
  const { attribution, creditIndices } = committed;
  const payouts = payoutsTree(trees.payouts);
  const credits = creditIndices.flatMap((index, item): CreditProof[] => {
    if (index === NO_CREDIT) return [];
    const { asset } = attribution.items[item]!;
    const record = trees.credits.find((one) => one.asset === asset);
    const placed = payoutOf(trees.payouts, asset);
    if (record === undefined || placed === undefined) return [];
    const { position: _, ...payout } = placed;
    const creditProof = toHex(proveSum(creditsTree(record), index));
    return [{ item, creditProof, payout, payoutProof: toHex(proveSum(payouts, asset)) }];
  });
  const { queryHash, items } = attribution;
  const proof = toHex(provePlain(attributionsTree(trees), position));
  return { version: 1, ...receipt, claim, attribution: { queryHash, items, creditIndices, proof }, credits };
}

/** A block as JSON-RPC gives it (`eth_getBlockByNumber`), as far as its header goes. */
export type RpcBlock = Readonly<Record<string, unknown>> & { hash: Hex };

/** The header's fields in the order of their RLP; a chain's fork decides how many of the last ones it has. */
const FIELDS = [
  ...['parentHash', 'sha3Uncles', 'miner', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom'],
  ...['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp', 'extraData', 'mixHash', 'nonce'],
  ...[
    'baseFeePerGas',
    'withdrawalsRoot',
    'blobGasUsed',
    'excessBlobGas',
    'parentBeaconBlockRoot',
    'requestsHash',
  ],
] as const;
const NUMBERS = new Set<string>([
  ...['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp'],
  ...['baseFeePerGas', 'blobGasUsed', 'excessBlobGas'],
]);

/** The RLP of a block's header. Throws when it does not hash to the block, as with fields of a later fork. */
export function encodeHeader(block: RpcBlock): Hex {
  const given = FIELDS.filter((field) => typeof block[field] === 'string');
  const rlp = toRlp(
    given.map((field) => (NUMBERS.has(field) ? minimal(block[field] as Hex) : (block[field] as Hex))),
  );
  if (keccak256(rlp) !== block.hash) {
    throw new LightProofError('The header of this chain has fields that are not known here.');
  }
  return rlp;
}

/** A number without leading zeros; zero is empty. */
function minimal(quantity: Hex): Hex {
  const value = BigInt(quantity);
  if (value === 0n) return '0x';
  const hex = numberToHex(value);
  return hex.length % 2 === 0 ? hex : `0x0${hex.slice(2)}`;
}
