import { keccak } from '@openledger/sdk/protocol/bytes';
import { canonicalBytes } from '@openledger/sdk/protocol/store';
import type { CountryCode } from 'libphonenumber-js';
import type { Cluster } from './clusters.ts';
import { type Candidate, openContent } from './contribution.ts';
import { exactDuplicates, NEAR_DUPLICATE, type NearDuplicate, nearDuplicates } from './duplicates.ts';
import { heldOutRows } from './held-out.ts';
import { describeLengths } from './lengths.ts';
import { judgeLicence, type LicencePolicy } from './licences.ts';
import type { DatasetReport, ExclusionReason, RowPlace, RowReason } from './report.ts';
import { findSensitive } from './sensitive.ts';
import { SHINGLE_WORDS } from './words.ts';

export type DatasetPolicy = LicencePolicy & {
  /** Kinds of rows that are left out. Default: none, they are only reported. */
  readonly exclude?: readonly RowReason[];
  /** Where phone numbers in national form are from, e.g. `GB`. Default: they are not looked for. */
  readonly phoneRegion?: CountryCode;
  /**
   * Texts that no row should repeat, such as the prompts of an evaluation: in the form of rows, with or without answers.
   * Default: none are looked for.
   */
  readonly heldOut?: readonly string[];
};

/** A row that is in the dataset. */
export type IncludedRow = RowPlace & { readonly text: string };

export type PreparedDataset = { readonly report: DatasetReport; readonly rows: readonly IncludedRow[] };

type Exclusion = DatasetReport['excluded'][number];
type Opened = {
  candidate: Candidate;
  contentHash: DatasetReport['contributions'][number]['contentHash'];
  rowCount: number;
};

/**
 * Turns contributions into rows that may be trained on, and says what became of every row. Contributions are taken in
 * the order of their numbers, whatever order they come in: of equal or similar rows the first is the one that was
 * committed to first.
 */
export function prepareDataset(
  candidates: readonly Candidate[],
  policy: DatasetPolicy,
  countTokens?: (text: string) => number,
): PreparedDataset {
  const exclude = policy.exclude ?? [];
  const opened: Opened[] = [];
  const excluded: Exclusion[] = [];
  const rows: IncludedRow[] = [];
  for (const candidate of [...candidates].sort((a, b) => a.id - b.id)) {
    const content = openContent(candidate);
    const readable = 'rows' in content;
    const rowCount = readable ? content.rows.length : (candidate.promise.rowCount ?? 0);
    opened.push({ candidate, contentHash: readable ? content.contentHash : null, rowCount });
    const contribution = candidate.id;
    const refusal = refusalOf(candidate, policy);
    if (refusal !== undefined) excluded.push({ contribution, firstRow: 0, rowCount, ...refusal });
    else if (readable) for (const { row, text } of content.rows) rows.push({ contribution, row, text });
    else excluded.push({ contribution, firstRow: 0, rowCount, ...exclusion('content', content.problem) });
  }

  const texts = rows.map(({ text }) => text);
  const exact = exactDuplicates(texts);
  const near = nearAmongDistinct(texts, exact);
  const sensitive = rows.flatMap((row, index) =>
    findSensitive(row.text, policy.phoneRegion).map((span) => ({ ...placeOf(row), ...span, index })),
  );
  const heldOut = heldOutRows(texts, policy.heldOut ?? []);
  const dropped = new Map<number, Omit<Exclusion, 'contribution' | 'firstRow' | 'rowCount'>>();
  const drop = (index: number, reason: RowReason, detail: string) => {
    if (exclude.includes(reason) && !dropped.has(index)) dropped.set(index, exclusion(reason, detail));
  };
  // The first row of a cluster that nothing else speaks against stays.
  const dropCopies = (members: readonly number[], reason: RowReason, how: string) => {
    const kept = members.find((index) => !dropped.has(index));
    if (kept === undefined) return;
    for (const index of members) if (index !== kept) drop(index, reason, `${how} ${nameOf(rows[kept])}`);
  };
  for (const { index, kind } of sensitive) drop(index, 'sensitive', `holds what looks like: ${kind}`);
  for (const { place, text } of heldOut) drop(place, 'held-out', `repeats held-out text ${text}`);
  for (const { first, others } of exact) dropCopies([first, ...others], 'exact-duplicate', 'equal to');
  for (const { first, others } of near) {
    dropCopies([first, ...others.map(({ place }) => place)], 'near-duplicate', 'near to');
  }
  for (const [index, why] of dropped) excluded.push({ ...runOf(rows[index]), ...why });

  const included = rows.filter((_, index) => !dropped.has(index));
  const includedOf = countBy(included, ({ contribution }) => contribution);
  const contributions = opened.map(
    ({ candidate: { id, datanet, name, licence }, contentHash, rowCount }) => ({
      id,
      datanet,
      name,
      licence,
      contentHash,
      rows: rowCount,
      includedRows: includedOf.get(id) ?? 0,
    }),
  );
  const report: DatasetReport = {
    type: 'dataset-report',
    version: 1,
    policy: {
      use: policy.use,
      licences: policy.allowed === undefined ? null : [...policy.allowed],
      exclude: [...exclude],
      phoneRegion: policy.phoneRegion ?? null,
      nearDuplicates: { shingleWords: SHINGLE_WORDS, jaccard: NEAR_DUPLICATE },
      heldOut:
        policy.heldOut === undefined
          ? null
          : { hash: keccak(canonicalBytes(policy.heldOut)), texts: policy.heldOut.length },
    },
    totals: {
      contributions: contributions.length,
      includedContributions: includedOf.size,
      rows: contributions.reduce((sum, one) => sum + one.rows, 0),
      includedRows: included.length,
      exactDuplicates: exact.reduce((sum, { others }) => sum + others.length, 0),
      nearDuplicates: near.reduce((sum, { others }) => sum + others.length, 0),
      sensitiveRows: new Set(sensitive.map(({ index }) => index)).size,
      heldOutRows: heldOut.length,
    },
    contributions,
    excluded: excluded.sort((a, b) => a.contribution - b.contribution || a.firstRow - b.firstRow),
    exactDuplicates: exact.map(({ first, others }) => ({
      first: placeOf(rows[first]),
      others: others.map((other) => placeOf(rows[other])),
    })),
    nearDuplicates: near.map(({ first, others }) => ({
      first: placeOf(rows[first]),
      others: others.map(({ place, similarity }) => ({
        ...placeOf(rows[place]),
        similarity: round(similarity),
      })),
    })),
    overlaps: overlapsOf(rows, exact, near),
    sensitive: sensitive.map(({ index: _, ...span }) => span),
    heldOut: heldOut.map(({ place, text, similarity }) => ({
      ...placeOf(rows[place]),
      text,
      similarity: round(similarity),
    })),
    lengths: {
      characters: describeLengths(included.map(({ text }) => [...text].length)),
      tokens:
        countTokens === undefined ? null : describeLengths(included.map(({ text }) => countTokens(text))),
    },
  };
  return { report, rows: included };
}

/** Why a contribution may not be trained on, whatever its content. */
function refusalOf(candidate: Candidate, policy: LicencePolicy): ReturnType<typeof exclusion> | undefined {
  const { standing, permission, datanet, licence } = candidate;
  if (standing !== 'accepted' && standing !== 'local') {
    return exclusion('standing', STANDING_REASON[standing]);
  }
  if (permission === 'missing') {
    return exclusion('permission', `datanet ${datanet} asks for a grant, and the trainer has none`);
  }
  if (permission === 'unknown') {
    return exclusion('permission', `datanet ${datanet} asks for a grant, and nobody said who trains`);
  }
  const verdict = judgeLicence(licence, policy);
  return verdict.allowed ? undefined : exclusion('licence', verdict.reason);
}

const STANDING_REASON = {
  submitted: 'no curator has accepted it yet',
  rejected: 'a curator rejected it',
  expired: 'no curator accepted it in time',
  tombstoned: 'its owner withdrew the consent',
  duplicate: 'it was proven a duplicate',
  displaced: 'it was proven a duplicate after it had been accepted',
} as const;

/** Near-duplicates among the texts that differ: a copy of a row is recorded as an exact duplicate alone. */
function nearAmongDistinct(
  texts: readonly string[],
  exact: readonly Cluster<number>[],
): Cluster<NearDuplicate>[] {
  const copies = new Set(exact.flatMap(({ others }) => others));
  const places = Array.from(texts.keys()).filter((place) => !copies.has(place));
  return nearDuplicates(places.map((place) => texts[place])).map(({ first, others }) => ({
    first: places[first],
    others: others.map(({ place, similarity }) => ({ place: places[place], similarity })),
  }));
}

/** How many rows of each contribution an earlier one had first. */
function overlapsOf(
  rows: readonly IncludedRow[],
  exact: readonly Cluster<number>[],
  near: readonly Cluster<NearDuplicate>[],
): DatasetReport['overlaps'] {
  const pairs = [
    ...exact.flatMap(({ first, others }) => others.map((other) => [first, other])),
    ...near.flatMap(({ first, others }) => others.map(({ place }) => [first, place])),
  ]
    .map(([first, other]) => ({ earlier: rows[first].contribution, contribution: rows[other].contribution }))
    .filter(({ earlier, contribution }) => earlier !== contribution);
  return [...countBy(pairs, ({ earlier, contribution }) => `${contribution} ${earlier}`)]
    .map(([key, count]) => {
      const [contribution, earlier] = key.split(' ').map(Number);
      return { contribution, earlier, rows: count };
    })
    .sort((a, b) => a.contribution - b.contribution || a.earlier - b.earlier);
}

function countBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, number> {
  const counts = new Map<K, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

const exclusion = <R extends ExclusionReason>(reason: R, detail: string) => ({ reason, detail });
const placeOf = ({ contribution, row }: RowPlace): RowPlace => ({ contribution, row });
const runOf = ({ contribution, row }: RowPlace) => ({ contribution, firstRow: row, rowCount: 1 });
const nameOf = ({ contribution, row }: RowPlace) => `row ${row} of contribution ${contribution}`;
/** Four digits say enough, and keep the report's bytes readable. */
const round = (similarity: number) => Math.round(similarity * 10_000) / 10_000;
