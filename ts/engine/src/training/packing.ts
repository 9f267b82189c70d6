import { Random } from '../numeric/random.ts';
import type { Sample } from './rows.ts';

/**
 * How samples share the rows of a batch:
 * - `none`: one sample per row.
 * - `simple`: several samples one after another; a sample sees those before it.
 * - `documents`: the same rows, but attention never crosses from one sample to another.
 *
 * No loss is ever counted on a sample's first token, whatever stands before it. Positions run on along the row:
 * rotary embeddings only know distances.
 */
export type Packing = 'none' | 'simple' | 'documents';

/** Samples that share a row of a batch, in order. */
export type Sequence<S extends Sample = Sample> = readonly S[];

/** Positions that a sample takes in a row of at most `longest`: its last token is only ever predicted. */
export function positionsOf(sample: Sample, longest: number): number {
  return Math.min(longest, sample.tokens.length - 1);
}

/**
 * Packs samples into sequences of at most `longest` positions. A function of its arguments alone: the samples are
 * shuffled by the seed, then taken longest first (ties in shuffled order), each into the fullest sequence that
 * still has room (ties to the oldest), or into a new one. Within a few per cent of the fewest possible.
 */
export function packSequences<S extends Sample>(
  packing: Packing,
  samples: readonly S[],
  longest: number,
  seed: number,
): Sequence<S>[] {
  if (packing === 'none') return samples.map((sample) => [sample]);
  const order = new Random(seed)
    .shuffle([...samples])
    .sort((a, b) => positionsOf(b, longest) - positionsOf(a, longest));
  const sequences: S[][] = [];
  /** Sequences by the room that is left in them. */
  const byRoom: S[][][] = Array.from({ length: longest + 1 }, () => []);
  for (const sample of order) {
    const needed = positionsOf(sample, longest);
    let room = needed;
    while (room <= longest && byRoom[room].length === 0) room += 1;
    let sequence: S[];
    if (room > longest) {
      sequence = [];
      sequences.push(sequence);
      room = longest;
    } else {
      sequence = byRoom[room].shift()!;
    }
    sequence.push(sample);
    byRoom[room - needed].push(sequence);
  }
  return sequences;
}
