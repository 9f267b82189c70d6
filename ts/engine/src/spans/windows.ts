import { automatonOf } from './automaton.ts';
import { documentAt, type IndexedDocument } from './span-index.ts';

/** Bytes (or tokens) that an answer shares with a contribution. */
export type SpanMatch = {
  readonly asset: number;
  /** First byte in the answer, first byte in the contribution, and how many. */
  readonly outOff: number;
  readonly srcOff: number;
  readonly len: number;
};

/**
 * Everything that two texts need to share to have a match of `width` symbols or more: the answer's windows of that
 * width that some contribution has. Equal windows have one number; each comes with its places in the contributions.
 */
export type Windows = {
  readonly width: number;
  /** Per place of the answer the number of its window, or −1. */
  readonly numbers: Int32Array;
  /** Per number its places in the text. */
  readonly places: readonly Int32Array[];
};

/** A window's place and number as one float64 that sorts by place; exact below 2^31 places and 2^22 numbers. */
const NUMBERS = 1 << 22;

/**
 * Per contribution its longest match with the answer, cut off at `maxLen`; of equally long ones the first in the
 * answer, then the first in the contribution. The longest comes first; of equal ones the older contribution.
 *
 * A match of length l is a run of l − width + 1 windows. So the runs of windows in the contributions are read through
 * an automaton of the answer's windows. Time is linear in the places of all windows, which are never counted twice.
 */
export function longestPerDocument(
  documents: readonly IndexedDocument[],
  windows: Windows,
  maxLen: number,
): SpanMatch[] {
  const { width, numbers, places } = windows;
  if (places.length >= NUMBERS) throw new Error(`An answer has at most ${NUMBERS} windows. Shorten it.`);
  const total = places.reduce((sum, { length }) => sum + length, 0);
  if (total === 0) return [];
  const sorted = new Float64Array(total);
  let filled = 0;
  places.forEach((list, number) => {
    for (const place of list) sorted[filled++] = place * NUMBERS + number;
  });
  sorted.sort();

  const { sequence, starts } = runsOf(numbers, places.length);
  const automaton = automatonOf(sequence, places.length + 1, maxLen - width + 1);
  const best = new Map<number, SpanMatch>();
  let previous = -2;
  let document = 0;
  for (const entry of sorted) {
    const place = Math.floor(entry / NUMBERS);
    if (place !== previous + 1) {
      automaton.reset();
      document = documentAt(documents, place);
    }
    previous = place;
    automaton.read(entry - place * NUMBERS);
    const { asset, start } = documents[document];
    const len = automaton.length + width - 1;
    const outOff = starts[automaton.end - automaton.length];
    const srcOff = place - automaton.length + 1 - start;
    const known = best.get(asset);
    if (known === undefined || isBetter(len, outOff, srcOff, known))
      best.set(asset, { asset, outOff, srcOff, len });
  }
  return sortMatches([...best.values()]);
}

/** The longest first; of equal ones the older contribution. */
export function sortMatches(matches: SpanMatch[]): SpanMatch[] {
  return matches.sort((a, b) => b.len - a.len || a.asset - b.asset);
}

function isBetter(len: number, outOff: number, srcOff: number, than: SpanMatch): boolean {
  if (len !== than.len) return len > than.len;
  return outOff !== than.outOff ? outOff < than.outOff : srcOff < than.srcOff;
}

/** The numbers of all windows in a row, with a number of its own between runs, and each one's place in the answer. */
function runsOf(numbers: Int32Array, separator: number): { sequence: Int32Array; starts: Int32Array } {
  const sequence: number[] = [];
  const starts: number[] = [];
  for (let at = 0; at < numbers.length; at += 1) {
    if (numbers[at] < 0 && (at === 0 || numbers[at - 1] < 0)) continue;
    sequence.push(numbers[at] < 0 ? separator : numbers[at]);
    starts.push(at);
  }
  return { sequence: Int32Array.from(sequence), starts: Int32Array.from(starts) };
}
