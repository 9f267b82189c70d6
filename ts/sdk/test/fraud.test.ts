import { describe, expect, it } from 'vitest';
import { rng } from '../../../test/differential/rng.ts';
import { fromHex } from '../src/protocol/bytes.ts';
import { commitClaim } from '../src/protocol/claims.ts';
import { decodeDump, dumpLocator, encodeDump, parseLocator } from '../src/protocol/dump.ts';
import { findFraud } from '../src/protocol/fraud.ts';
import { blobId } from '../src/protocol/store.ts';
import { TAMPERED_FIELDS, tamperClaim } from './tamper.ts';
import { contextOf, createWorld, randomClaim } from './world.ts';

const histories = new Map<number, ReturnType<typeof makeHistory>>();

/** Two claims in a row; the second builds on the first. */
function history(seed: number) {
  const known = histories.get(seed) ?? makeHistory(seed);
  histories.set(seed, known);
  return known;
}

function makeHistory(seed: number) {
  const world = createWorld(seed);
  const first = randomClaim(world, undefined, 1 + (seed % 2));
  const second = randomClaim(world, first.built.settled, 1 + (seed % 3));
  return { world, claims: [first, second] };
}

const SEEDS = Array.from({ length: 6 }, (_, index) => 1000 + index);

describe('findFraud', () => {
  it('finds nothing in honest claims, with and without their dump', () => {
    for (const seed of SEEDS) {
      const { world, claims } = history(seed);
      for (const { input, built } of claims) {
        for (const withDump of [false, true]) {
          const { problems, ...report } = findFraud(contextOf(world, input, built, withDump));
          expect(report, `seed ${seed}`).toMatchObject({ proofs: [] });
          // Only the rows that were retrieved are nowhere but in the dump.
          const retrieving = built.trees.contexts?.length ?? 0;
          expect(problems, `seed ${seed}`).toHaveLength(withDump ? 0 : retrieving);
          expect(report.settled).toEqual(built.settled);
        }
      }
    }
  });

  it.each(TAMPERED_FIELDS)('proves a tampered %s in every seed', (field) => {
    let tamperedClaims = 0;
    for (const seed of SEEDS) {
      const { world, claims } = history(seed);
      for (const { input, built } of claims) {
        const tampered = tamperClaim(input, built, field, rng(seed).int);
        if (!tampered) continue;
        tamperedClaims += 1;
        const report = findFraud(contextOf(world, input, tampered, true));
        expect(report.proofs.length, `seed ${seed}: ${tampered.what}`).toBeGreaterThan(0);
      }
    }
    expect(tamperedClaims).toBeGreaterThan(SEEDS.length);
  });

  it.each([
    ['amount', 'AllocationPredicate'],
    ['score', 'ScorePredicate'],
    ['influence', 'OmissionPredicate'],
    ['span', 'SpanPredicate'],
    ['match', 'SpanOmissionPredicate'],
    ['row', 'RetrievalPredicate'],
    ['context', 'RetrievalPredicate'],
    ['credit', 'CreditPredicate'],
    ['delta', 'MalformedPredicate'],
    ['cumulative', 'TransitionPredicate'],
    ['sum', 'MalformedPredicate'],
  ] as const)('proves a tampered %s by the %s', (field, predicate) => {
    const { world, claims } = history(5);
    const { input, built } = claims[1]!;
    const tampered = tamperClaim(input, built, field, rng(5).int)!;
    const { proofs } = findFraud(contextOf(world, input, tampered, true), 100);
    expect(proofs.map((proof) => proof.predicate)).toContain(predicate);
  });

  it('judges a falsified amount from the chain alone, because the items are in the calldata', () => {
    const { world, claims } = history(6);
    const { input, built } = claims[1]!;
    for (const field of ['amount', 'score'] as const) {
      const tampered = tamperClaim(input, built, field, rng(6).int)!;
      expect(findFraud(contextOf(world, input, tampered, false)).proofs.length).toBeGreaterThan(0);
    }
  });

  it('reports trees that were not published', () => {
    const { world, claims } = history(7);
    const { input, built } = claims[1]!;
    const tampered = tamperClaim(input, built, 'cumulative', rng(7).int)!;
    const report = findFraud(contextOf(world, input, tampered, false));
    expect(report.proofs).toEqual([]);
    expect(report.problems.join()).toContain("payouts under the claim's root need its dump");
    expect(report.settled).toBeUndefined();
  });

  it('is not misled by the dump of another claim', () => {
    const { world, claims } = history(8);
    const { input, built } = claims[1]!;
    const other = tamperClaim(input, built, 'delta', rng(8).int)!;
    const context = { ...contextOf(world, input, built, true), dump: other.trees };
    expect(findFraud(context)).toMatchObject({ proofs: [], problems: [] });
  });

  it('reports claimData that cannot be read', () => {
    const { world, claims } = history(9);
    const { input, built } = claims[0]!;
    const context = { ...contextOf(world, input, built, false), claimData: fromHex('0x07') };
    const report = findFraud(context);
    expect(report.proofs).toEqual([]);
    expect(report.problems[0]).toContain('claimData cannot be read');
  });

  it('proves a receipt that nothing was said about', () => {
    const { world, claims } = history(10);
    const { input, built } = claims[0]!;
    const trees = structuredClone(built.trees);
    trees.attributions[0] = undefined;
    const silent = commitClaim(input, built.claim.payoutsTotal, built.receipts, trees);
    const { proofs } = findFraud(contextOf(world, input, silent, true));
    expect(proofs.map(({ predicate }) => predicate)).toContain('AllocationPredicate');
    expect(proofs.map(({ predicate }) => predicate)).toContain('CreditPredicate');
  });
});

describe('the tree dump', () => {
  it('survives encoding, tampered or not', () => {
    const { claims } = history(11);
    const { input, built } = claims[1]!;
    expect(decodeDump(encodeDump(built.trees))).toEqual(built.trees);
    for (const field of TAMPERED_FIELDS) {
      const tampered = tamperClaim(input, built, field, rng(11).int)!;
      expect(decodeDump(tampered.dump)).toEqual(tampered.trees);
      expect(parseLocator(dumpLocator(tampered.dump))).toBe(blobId(tampered.dump));
    }
  });

  it('names the field that is wrong', () => {
    const text = new TextDecoder().decode(encodeDump(history(12).claims[0]!.built.trees));
    const wrong = text.replace(/"cumulative":"\d+"/, '"cumulative":"-1"');
    expect(() => decodeDump(new TextEncoder().encode(wrong))).toThrow(/payouts\.payouts\.\d+\.cumulative/);
    expect(() => decodeDump(new TextEncoder().encode('not json'))).toThrow('not JSON');
  });
});
