import { describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { packSequences, positionsOf } from './packing.ts';

const random = new Random(1);
const samples = Array.from({ length: 200 }, (_, i) => ({
  tokens: Array.from({ length: 2 + random.below(60) }, () => i),
  answerStart: 1,
}));
const positions = (sequence: readonly (typeof samples)[number][]) =>
  sequence.reduce((sum, sample) => sum + positionsOf(sample, 64), 0);

describe('Packing', () => {
  it('keeps every sample once and never overfills a sequence', () => {
    const sequences = packSequences('simple', samples, 64, 7);
    expect(new Set(sequences.flat())).toEqual(new Set(samples));
    expect(sequences.flat()).toHaveLength(samples.length);
    for (const sequence of sequences) expect(positions(sequence)).toBeLessThanOrEqual(64);
  });

  it('needs hardly more sequences than the tokens fill', () => {
    const sequences = packSequences('documents', samples, 64, 7);
    expect(sequences.length).toBeLessThanOrEqual(Math.ceil((1.05 * positions(samples)) / 64));
  });

  it('is the same for the same seed and another for another', () => {
    expect(packSequences('simple', samples, 64, 7)).toEqual(packSequences('simple', samples, 64, 7));
    expect(packSequences('simple', samples, 64, 8)).not.toEqual(packSequences('simple', samples, 64, 7));
  });

  it('leaves each sample alone when nothing is packed', () => {
    expect(packSequences('none', samples, 64, 7)).toEqual(samples.map((sample) => [sample]));
  });
});
