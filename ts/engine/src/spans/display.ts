import { duplicateClusters } from './duplicates.ts';
import { type MaximalOptions, type MaximalSpan, maximalSpans, type SpanSource } from './maximal-spans.ts';
import type { SpanIndex } from './span-index.ts';
import { surpriseOf, surpriseTable } from './surprise.ts';
import type { SpanMatch } from './windows.ts';

/** A contribution that has a span, with those that are nearly the same text. */
export type ShownSource = SpanSource & {
  /** Younger contributions of the same cluster that have the span too, ascending. */
  readonly duplicates: readonly SpanSource[];
};

/** A match as people see it. */
export type ShownSpan = Omit<MaximalSpan, 'sources'> & {
  /** −Σ log₂ p of its symbols, in 1/65536 bits: how unlikely it is to be there by chance. */
  readonly surprise: number;
  readonly sources: readonly ShownSource[];
};

/** The maximal matches of an answer, the most surprising first, with duplicate contributions merged. */
export function shownSpans(
  indexes: readonly SpanIndex[],
  output: ArrayLike<number>,
  options: MaximalOptions,
): ShownSpan[] {
  const spans = maximalSpans(indexes, output, options);
  if (spans.length === 0) return [];
  const table = surpriseTable(indexes);
  const assets = new Set(spans.flatMap(({ sources }) => sources.map(({ asset }) => asset)));
  const oldest = assets.size > 1 ? duplicateClusters(indexes, assets) : new Map<number, number>();
  return spans
    .map((span) => ({
      ...span,
      surprise: surpriseOf(table, output, span.outOff, span.outOff + span.len),
      sources: merged(span.sources, oldest),
    }))
    .sort((a, b) => b.surprise - a.surprise || a.outOff - b.outOff);
}

/** Sources by cluster, under the oldest that has the span. They come ascending by asset. */
function merged(sources: readonly SpanSource[], oldest: ReadonlyMap<number, number>): ShownSource[] {
  const clusters = new Map<number, SpanSource[]>();
  for (const source of sources) {
    const head = oldest.get(source.asset) ?? source.asset;
    clusters.set(head, [...(clusters.get(head) ?? []), source]);
  }
  return [...clusters.values()].map(([first, ...duplicates]) => ({ ...first, duplicates }));
}

/** Spans one by one with the contributions they stand in; of duplicates only the oldest, and those to keep. */
export function placesShown(spans: readonly ShownSpan[], keep: ReadonlySet<number>): SpanMatch[] {
  return spans.flatMap(({ outOff, len, sources }) =>
    sources.flatMap(({ asset, srcOff, duplicates }) =>
      [{ asset, srcOff }, ...duplicates.filter((one) => keep.has(one.asset))].map((source) => ({
        ...source,
        outOff,
        len,
      })),
    ),
  );
}
