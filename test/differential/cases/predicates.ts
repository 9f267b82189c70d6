/**
 * Honest and falsified claims of an independent prover, and what each predicate must say to every question about them.
 * OPENLEDGER_VECTORS_SEED shifts the seeds: other claims, same rules.
 */
import { encodeAbiParameters, type Hex, keccak256, parseAbiParameters } from 'viem';
import { privateKeyToAddress, sign } from 'viem/accounts';
import * as claims from '../naive/claims.ts';
import * as naive from '../naive/hashes.ts';
import { PREDICATES, type Question, questions, vouchersRoot } from '../naive/judge.ts';
import { type Rng, rng } from '../rng.ts';
import { TAMPERS } from './tampers.ts';

const KEY: Hex = `0x${'0b'.repeat(32)}`;
const CLAIM = `struct Claim { ${naive.CLAIM_FIELDS.map(([type, name]) => `${type} ${name};`).join(' ')} }`;

export async function predicateVectors() {
  const campaign = process.env.OPENLEDGER_VECTORS_SEED;
  const worlds: Hex[] = [];
  const claimAbis: Hex[] = [];
  const cases: { claim: number; what: string; predicate: string; about: string; fraud: boolean; abi: Hex }[] =
    [];
  const signer = (digest: Hex) => sign({ hash: digest, privateKey: KEY, to: 'hex' });
  for (const seed of [22]) {
    const random = rng(1000 * Number(campaign ?? 0) + seed);
    const world = claims.createWorld(random);
    const first = claims.seal(claims.draftClaim(world, random));
    for (const base of [first, claims.seal(claims.draftClaim(world, random, first))]) {
      for (const [what, tamper] of [['nothing', () => true] as const, ...Object.entries(TAMPERS)]) {
        const x = structuredClone(base);
        if (!tamper(x, random)) continue;
        // What is falsified in a draft does not change what the claim says of its parent and its size.
        claims.seal(x);
        const asked = await questions(world, x, signer, random);
        const chosen =
          what === 'nothing' || campaign ? choose(asked, campaign ? 4 : 9, random) : chooseFew(asked, random);
        claimAbis.push(
          encode(
            'Claim claim, Batch[] batches, uint256 world',
            [CLAIM, BATCH],
            [x.claim, batchesOf(x), BigInt(worlds.length)],
          ),
        );
        for (const { predicate, about, witness, fraud } of chosen) {
          const abi = encodeAbiParameters(parseAbiParameters('uint256, uint8, bytes, bool'), [
            BigInt(claimAbis.length - 1),
            PREDICATES.indexOf(predicate),
            witness,
            fraud,
          ]);
          cases.push({ claim: claimAbis.length - 1, what, predicate, about, fraud, abi });
        }
      }
    }
    worlds.push(encodeWorld(world));
  }
  return {
    chainId: 31_337,
    settlement: `0x${'5e'.repeat(20)}`,
    worlds,
    claims: claimAbis,
    cases: cases.map(({ abi: _, ...one }) => one),
    abi: cases.map(({ abi }) => abi),
  };
}

/** From every predicate up to `most` questions with each answer. */
function choose(asked: Question[], most: number, random: Rng): Question[] {
  const keyed = asked
    .map((question) => ({ question, key: random.int(2 ** 30) }))
    .sort((a, b) => a.key - b.key);
  const taken = new Map<string, number>();
  return keyed
    .filter(({ question: { predicate, fraud } }) => {
      const before = taken.get(`${predicate} ${fraud}`) ?? 0;
      taken.set(`${predicate} ${fraud}`, before + 1);
      return before < most;
    })
    .map(({ question }) => question);
}

/** The frauds of a falsified claim, one of each predicate, and one thing that is still right. */
function chooseFew(asked: Question[], random: Rng): Question[] {
  const all = choose(asked, 1, random);
  const right = random.pick(all.filter(({ fraud }) => !fraud));
  // A notice lies by itself.
  return [...all.filter(({ fraud, predicate }) => fraud && predicate !== 'Notice'), right];
}

const BATCH =
  'struct Batch { bytes32 vouchersRoot; uint40 firstReceipt; uint32 receiptCount; uint96 fees; uint40 redeemedAt; uint32 paramsVersion; }';
const batchesOf = (x: claims.Draft) =>
  x.batches.map((vouchers) => ({
    vouchersRoot: vouchersRoot(vouchers),
    firstReceipt: vouchers[0]!.first,
    receiptCount: vouchers.reduce((sum, { count }) => sum + count, 0),
    fees: vouchers.reduce((sum, { fee }) => sum + fee, 0n),
    redeemedAt: 0,
    paramsVersion: 1,
  }));

function encodeWorld({ nodeId, models, params, contributions }: claims.World): Hex {
  return encode(
    'uint40 nodeId, address wallet, AllocationTerms[] models, SketchTerms[] sketches, CorpusTerms[] corpora, Params params, bytes32[] inputHashes',
    [
      'struct AllocationTerms { bool known; bool hasBaseline; uint40 parent; uint16 royaltyBps; uint8 scheme; }',
      'struct SketchTerms { bytes32 sketchRoot; uint8 treeDepth; uint32 sigmaCap; }',
      'struct CorpusTerms { bytes32 corpusRoot; uint8 treeDepth; uint8 scheme; }',
      'struct Params { uint16 modelBps; uint16 contributorsBps; uint32 tauBasePpm; uint32 tauMinPpm; uint32 tauMaxPpm; uint96 feeRef; uint16 mixInfluenceBps; uint16 mixSpanBps; uint16 mixRetrievalBps; }',
    ],
    [
      nodeId,
      privateKeyToAddress(KEY),
      models.map((model) => ({ ...model, known: true, hasBaseline: BigInt(model.baselineRoot) !== 0n })),
      models,
      models,
      params,
      contributions.map(({ input }) => keccak256(input)),
    ],
  );
}

function encode(parameters: string, structs: string[], values: unknown[]): Hex {
  return encodeAbiParameters(parseAbiParameters([parameters, ...structs]) as never, values as never);
}
