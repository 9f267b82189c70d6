import { encodeAbiParameters, type Hex, parseAbiParameters } from 'viem';
import { allocate, type Input, type Params, type Terms } from '../naive/allocate.ts';
import { type I, itemsBytes, spanEvidence } from '../naive/hashes.ts';
import { type Rng, rng } from '../rng.ts';

type Case = {
  name: string;
  input: Input;
  terms: Terms;
  params: Params;
  listed: Omit<I, 'amount'>[];
  items: I[];
};

const GWEI = 10n ** 9n;
const ZERO: Hex = `0x${'00'.repeat(32)}`;
const ROOT: Hex = `0x${'ab'.repeat(32)}`;
const NONE: Hex = `0x${'00'.repeat(14)}`;

export const PARAMS: Params = {
  modelBps: 2000,
  contributorsBps: 4000,
  tauBasePpm: 20_000,
  tauMinPpm: 1_000,
  tauMaxPpm: 200_000,
  feeRef: 1_000_000n * GWEI,
  mixInfluenceBps: 5000,
  mixSpanBps: 3000,
  mixRetrievalBps: 2000,
};
const TERMS: Terms = { parent: 1, royaltyBps: 1000, scheme: 3, baselineRoot: ROOT };
const INPUT: Input = { fee: 1_234_567n * GWEI, flags: 1, modelId: 2, outputLength: 400 };

const influence = (asset: number, score: bigint) => ({ asset, kind: 0, score, evidence: NONE });
const span = (asset: number, outOff: number, len: number) => ({
  asset,
  kind: 1,
  score: BigInt(len),
  evidence: spanEvidence(outOff, 5 * outOff, len),
});
const retrieval = (asset: number, score: bigint) => ({
  asset,
  kind: 2,
  score,
  evidence: `0x00000007000100000000${'00'.repeat(4)}` as Hex,
});

/** Every edge rule by name, then 120 random cases. */
export function allocationVectors() {
  const cases: Case[] = [];
  const add = (
    name: string,
    change: { input?: Partial<Input>; terms?: Partial<Terms>; params?: Partial<Params> },
    listed: Omit<I, 'amount'>[],
  ) => {
    const input = { ...INPUT, ...change.input };
    const terms = { ...TERMS, ...change.terms };
    const params = { ...PARAMS, ...change.params };
    cases.push({ name, input, terms, params, listed, items: allocate(input, terms, params, listed) });
  };
  const two = [influence(4, 900n), influence(8, 100n)];
  const both = [...two, span(4, 10, 80), span(12, 60, 64)];
  add('influence and spans that overlap', {}, both);
  add('no evidence goes to the baseline', {}, []);
  add('no evidence and no baseline goes to the treasury', { terms: { baselineRoot: ZERO } }, []);
  add('a fee of zero has no items', { input: { fee: 0n } }, []);
  add('one gwei', { input: { fee: GWEI } }, both);
  add('no audit', { input: { flags: 2 } }, []);
  add('no royalty', { terms: { royaltyBps: 0 } }, both);
  add('the highest royalty', { terms: { royaltyBps: 5000 } }, both);
  add(
    'a base model pays the treasury',
    { terms: { parent: 0, royaltyBps: 0, scheme: 0, baselineRoot: ZERO } },
    [],
  );
  add('no kind enabled has no mix', { terms: { scheme: 0 } }, []);
  add('the native bit is not a kind', { terms: { scheme: 11 } }, both);
  add(
    'the enabled kinds have no mix',
    { params: { mixInfluenceBps: 0, mixSpanBps: 0, mixRetrievalBps: 10_000 } },
    both,
  );
  add('only spans enabled: the rest goes to the baseline', { terms: { scheme: 2 } }, both.slice(2));
  add('an answer of no bytes', { input: { outputLength: 0 } }, two);
  add('spans over the whole answer', { input: { outputLength: 128 } }, [span(4, 0, 128)]);
  add('spans that touch', { input: { outputLength: 512 } }, [
    span(4, 0, 64),
    span(8, 64, 64),
    span(12, 256, 64),
  ]);
  add('a span inside another', {}, [influence(4, 5n), span(4, 0, 300), span(8, 20, 100)]);
  add(
    'an item exactly at the threshold counts',
    { params: { tauBasePpm: 100_000, tauMinPpm: 100_000, tauMaxPpm: 100_000 } },
    two,
  );
  add(
    'an item just below the threshold does not',
    { params: { tauBasePpm: 100_001, tauMinPpm: 100_001, tauMaxPpm: 100_001 } },
    two,
  );
  add(
    'nothing reaches a threshold of one',
    { params: { tauBasePpm: 1_000_000, tauMinPpm: 1_000_000, tauMaxPpm: 1_000_000 } },
    two,
  );
  add('a threshold of zero', { params: { tauBasePpm: 0, tauMinPpm: 0 } }, [
    influence(4, 2n ** 62n),
    influence(8, 1n),
  ]);
  add('a small fee meets the highest threshold', { input: { fee: GWEI } }, [
    influence(4, 850n),
    influence(8, 150n),
  ]);
  add('a large fee meets the lowest threshold', { input: { fee: 10n ** 27n } }, [
    influence(4, 999_000n),
    influence(8, 1_000n),
    influence(12, 999n),
  ]);
  add('the remainder goes to the first', {}, [influence(4, 1n), influence(8, 1n), influence(12, 1n)]);
  add('retrieval alone takes its slice', { terms: { scheme: 4 } }, [retrieval(4, 3n), retrieval(8, 1n)]);
  add('all three kinds', { terms: { scheme: 7 } }, [...both, retrieval(4, 3n), retrieval(16, 1n)]);
  add('no share for contributors', { params: { modelBps: 6000, contributorsBps: 0 } }, both);
  add('no share for models', { params: { modelBps: 0, contributorsBps: 6000 } }, both);

  const random = rng(2);
  for (let number = 0; number < 120; number++) {
    const change = randomChange(random);
    add(`random ${number}`, change, randomEvidence(random, change));
  }
  return { cases, abi: cases.map(encodeCase) };
}

function randomChange(random: Rng) {
  const modelBps = random.int(4000);
  const mixInfluenceBps = random.int(10_001);
  const mixSpanBps = random.int(10_001 - mixInfluenceBps);
  const tauMinPpm = random.int(2) * random.int(50_000);
  return {
    input: {
      fee: (random.int(20) === 0 ? 1n : random.bigint(10n ** BigInt(1 + random.int(16)))) * GWEI,
      flags: random.pick([0, 1, 1, 1, 2]),
      modelId: 1 + random.int(2 ** 38 - 1),
      outputLength: random.int(8) === 0 ? 64 : 64 + random.int(1500),
    },
    terms: {
      parent: 1 + random.int(1000),
      royaltyBps: random.pick([0, 1, 1000, 2500, 5000]),
      scheme: random.int(16),
      baselineRoot: random.int(3) === 0 ? ZERO : random.hash(),
    },
    params: {
      modelBps,
      contributorsBps: random.int(6000),
      tauMinPpm,
      tauBasePpm: tauMinPpm + random.int(100_000),
      tauMaxPpm: tauMinPpm + 100_000 + random.int(900_000),
      feeRef: (1n + random.bigint(10n ** 15n)) * GWEI,
      mixInfluenceBps,
      mixSpanBps,
      mixRetrievalBps: 10_000 - mixInfluenceBps - mixSpanBps,
    },
  };
}

function randomEvidence(random: Rng, { input, terms }: { input: Input; terms: Terms }): Omit<I, 'amount'>[] {
  if (input.flags === 2 || input.fee === 0n) return [];
  const enabled = (kind: number) => Math.floor(terms.scheme / 2 ** kind) % 2 === 1;
  const assets = (count: number) => [
    ...new Set(Array.from({ length: random.int(count + 1) }, () => 4 * (1 + random.int(2 ** 38 - 1)))),
  ];
  const listed: Omit<I, 'amount'>[] = [];
  if (enabled(0))
    listed.push(
      ...assets(8).map((asset) => influence(asset, 1n + random.bigint(2n ** BigInt(1 + random.int(62))))),
    );
  if (enabled(1)) {
    for (const asset of assets(3)) {
      const len = 64 + random.int(Math.min(512, input.outputLength) - 63);
      listed.push(span(asset, random.int(input.outputLength - len + 1), len));
    }
  }
  if (enabled(2)) listed.push(...assets(2).map((asset) => retrieval(asset, 1n + random.bigint(1000n))));
  const outOff = (one: Omit<I, 'amount'>) => Number.parseInt(one.evidence.slice(2, 10), 16);
  return listed.sort(
    (a, b) =>
      a.kind - b.kind ||
      (a.score === b.score ? a.asset - b.asset || outOff(a) - outOff(b) : a.score > b.score ? -1 : 1),
  );
}

function encodeCase({ input, terms, params, listed, items }: Case): Hex {
  return encodeAbiParameters(
    parseAbiParameters([
      'Input input, Terms terms, Params params, bytes listed, bytes items',
      'struct Input { uint96 fee; uint8 flags; uint40 modelId; uint32 outputLength; }',
      'struct Terms { uint40 parent; uint16 royaltyBps; uint8 scheme; bytes32 baselineRoot; }',
      'struct Params { uint16 modelBps; uint16 contributorsBps; uint32 tauBasePpm; uint32 tauMinPpm; uint32 tauMaxPpm; uint96 feeRef; uint16 mixInfluenceBps; uint16 mixSpanBps; uint16 mixRetrievalBps; }',
    ]),
    [input, terms, params, itemsBytes(listed.map((one) => ({ ...one, amount: 0n }))), itemsBytes(items)],
  );
}
