/**
 * Falsified claims with the proofs that ts/sdk finds, for the predicates to accept, next to the honest claims on which
 * they must not. Unlike the other vectors these come from ts/sdk itself: it is its witnesses that are tested.
 */
import { encodeAbiParameters, type Hex, keccak256, parseAbiParameters } from 'viem';
import { findFraud } from '../../../ts/sdk/src/protocol/fraud.ts';
import { plainRoot } from '../../../ts/sdk/src/protocol/trees.ts';
import { vouchersTree } from '../../../ts/sdk/src/protocol/vouchers.ts';
import { PREDICATES } from '../../../ts/sdk/src/protocol/witness.ts';
import { TAMPERED_FIELDS, tamperClaim } from '../../../ts/sdk/test/tamper.ts';
import { contextOf, createWorld, DOMAIN, PARAMETERS, randomClaim } from '../../../ts/sdk/test/world.ts';
import { CLAIM_FIELDS } from '../naive/hashes.ts';
import { rng } from '../rng.ts';

const CLAIM = `struct Claim { ${CLAIM_FIELDS.map(([type, name]) => `${type} ${name};`).join(' ')} }`;
const TERMS =
  'struct ModelTerms { uint40 parent; uint16 royaltyBps; uint8 scheme; uint8 treeDepth; uint32 sigmaCap; bytes32 weightsHash; bytes32 runId; bytes32 sketchRoot; bytes32 corpusRoot; bytes32 baselineRoot; bytes32 basisHash; }';
const BATCH =
  'struct Batch { bytes32 vouchersRoot; uint40 firstReceipt; uint32 receiptCount; uint96 fees; uint40 redeemedAt; uint32 paramsVersion; }';
/** The terms that the allocation reads, in the contract's order. */
const ALLOCATION_TYPES = {
  modelBps: 'uint16',
  contributorsBps: 'uint16',
  tauBasePpm: 'uint32',
  tauMinPpm: 'uint32',
  tauMaxPpm: 'uint32',
  feeRef: 'uint96',
  mixInfluenceBps: 'uint16',
  mixSpanBps: 'uint16',
  mixRetrievalBps: 'uint16',
} as const;
const PARAMS = `struct AllocationTerms { ${Object.entries(ALLOCATION_TYPES)
  .map(([name, type]) => `${type} ${name};`)
  .join(' ')} }`;

export function fraudVectors() {
  const worlds: { nodeId: number; abi: Hex }[] = [];
  const cases: { world: number; field: string; what: string; predicate: string; reason: string; abi: Hex }[] =
    [];
  for (const seed of [71, 72, 73]) {
    const world = createWorld(seed);
    const first = randomClaim(world, undefined, 2);
    const second = randomClaim(world, first.built.settled, 1);
    const claims = [first, second];
    for (const { input, built } of claims) {
      for (const field of TAMPERED_FIELDS) {
        const tampered = tamperClaim(input, built, field, rng(seed).int);
        if (!tampered) continue;
        const { proofs } = findFraud(contextOf(world, input, tampered, true), 500);
        for (const name of PREDICATES) {
          for (const { predicate, reason, witness } of proofs
            .filter((proof) => proof.predicate === name)
            .slice(0, 2)) {
            const encoded = encode(
              `Claim claim, Claim honest, uint8 predicate, bytes witness, uint256 world`,
              [CLAIM],
              [tampered.claim, built.claim, PREDICATES.indexOf(predicate), witness, BigInt(worlds.length)],
            );
            cases.push({ world: worlds.length, field, what: tampered.what, predicate, reason, abi: encoded });
          }
        }
      }
    }
    const batches = claims
      .flatMap(({ input }) => input.batches)
      .map((batch) => ({
        vouchersRoot: plainRoot(vouchersTree(batch.vouchers)),
        redeemedAt: 0,
        firstReceipt: batch.firstReceipt,
        receiptCount: batch.receiptCount,
        fees: batch.fees,
        paramsVersion: batch.paramsVersion,
      }));
    worlds.push({
      nodeId: world.nodeId,
      abi: encode(
        'uint40 nodeId, ModelTerms[] models, AllocationTerms parameters, Batch[] batches, uint40[] assets, bytes32[] inputHashes',
        [TERMS, PARAMS, BATCH],
        [
          world.nodeId,
          world.models.map(({ terms }) => terms),
          PARAMETERS,
          batches,
          [...world.submitted.keys()],
          [...world.submitted.values()].map(({ input }) => keccak256(input)),
        ],
      ),
    });
  }
  return {
    ...DOMAIN,
    worlds: worlds.map(({ abi }) => abi),
    cases: cases.map(({ abi: _, ...one }) => one),
    abi: cases.map(({ abi }) => abi),
  };
}

function encode(parameters: string, structs: string[], values: unknown[]): Hex {
  return encodeAbiParameters(parseAbiParameters([parameters, ...structs]) as never, values as never);
}
