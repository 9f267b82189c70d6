import { keccak, utf8 } from '@openledger/sdk/protocol/bytes';
import { type StepRecord, stepsTree } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { describe, expect, it } from 'vitest';
import {
  Bisection,
  type BisectionAnswer,
  type BisectionOutcome,
  bisect,
  createClaimant,
} from './bisection.ts';

const log = (steps: number): StepRecord[] =>
  Array.from({ length: steps }, (_, i) => ({
    step: i + 1,
    batchHash: keccak(utf8(`batch ${i}`)),
    lossBits: i,
    weightsHash: keccak(utf8(`weights ${i}`)),
  }));
const rootOf = (records: readonly StepRecord[]) => plainRoot(stepsTree(records));

function dispute(claimed: StepRecord[], own: StepRecord[]): Promise<BisectionOutcome> {
  return bisect(new Bisection(rootOf(claimed), own), createClaimant(claimed));
}

const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 100];

describe('A dispute about a log of steps', () => {
  it('is none when the logs are the same', async () => {
    for (const steps of SIZES)
      expect(await dispute(log(steps), log(steps))).toEqual({ kind: 'agreed', rounds: 0 });
  });

  it('finds a tampered step at every position in at most ⌈log₂ T⌉ + 1 rounds', async () => {
    for (const steps of SIZES) {
      const own = log(steps);
      for (let at = 0; at < steps; at += 1) {
        const claimed = own.with(at, { ...own[at], lossBits: own[at].lossBits + 1 });
        const outcome = await dispute(claimed, own);
        expect(outcome).toMatchObject({ kind: 'found', step: at + 1, claimed: claimed[at], own: own[at] });
        expect(outcome.rounds).toBeLessThanOrEqual(Math.ceil(Math.log2(steps)) + 1);
      }
    }
  });

  it('finds the first tampered step, also when everything after it differs or only some of it', async () => {
    const own = log(53);
    for (let from = 0; from < 53; from += 1) {
      const after = own.map((one, i) =>
        i >= from ? { ...one, weightsHash: keccak(utf8(`other ${i}`)) } : one,
      );
      expect(await dispute(after, own)).toMatchObject({ kind: 'found', step: from + 1 });
      const some = own.map((one, i) => (i >= from && i % 3 === from % 3 ? { ...one, lossBits: 7_000 } : one));
      expect(await dispute(some, own)).toMatchObject({ kind: 'found', step: from + 1 });
    }
  });

  it('is lost by a claimant who cannot open the anchored root', async () => {
    const own = log(13);
    const anchored = own.with(4, { ...own[4], lossBits: 99 });
    const honest = createClaimant(anchored);
    const liars: ((question: Parameters<typeof honest>[0]) => BisectionAnswer)[] = [
      // Answers from another log than the anchored one, at the top, further down, and for the leaf.
      createClaimant(own),
      (question) =>
        question.kind === 'children' && question.level === 2
          ? createClaimant(own)(question)
          : honest(question),
      (question) => (question.kind === 'record' ? { kind: 'record', record: own[4] } : honest(question)),
      (question) => (question.kind === 'record' ? { kind: 'record', record: anchored[3] } : honest(question)),
      (question) =>
        question.kind === 'record' ? honest({ kind: 'children', level: 1, position: 2 }) : honest(question),
    ];
    for (const liar of liars) {
      const outcome = await bisect(new Bisection(rootOf(anchored), own), liar);
      expect(outcome.kind).toBe('unproven');
      expect(outcome.rounds).toBeLessThanOrEqual(Bisection.limit(13));
    }
  });

  it('is lost by a claimant whose log is longer or shorter than the run', async () => {
    const own = log(5);
    const longer = await dispute(log(7), own);
    expect(longer).toMatchObject({ kind: 'unproven' });
    const shorter = new Bisection(rootOf(log(5).slice(0, 5)), log(6));
    await expect(bisect(shorter, createClaimant(log(5)))).rejects.toThrow('has no step 6');
  });
});
