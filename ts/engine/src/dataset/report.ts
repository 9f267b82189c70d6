import { hashSchema } from '@openledger/sdk/protocol/store';
import { z } from 'zod';
import { lengthStatistics } from './lengths.ts';
import { SENSITIVE_KINDS } from './sensitive.ts';

const natural = z.number().int().min(0);

/** Why a contribution or a row is left out. */
export const EXCLUSION_REASONS = [
  'content',
  'standing',
  'licence',
  'permission',
  'exact-duplicate',
  'near-duplicate',
  'sensitive',
  'held-out',
] as const;
export type ExclusionReason = (typeof EXCLUSION_REASONS)[number];

/** Rows that may be left out one by one; the other reasons concern whole contributions. */
export const ROW_REASONS = ['exact-duplicate', 'near-duplicate', 'sensitive', 'held-out'] as const;
export type RowReason = (typeof ROW_REASONS)[number];

const place = { contribution: natural, row: natural };
const rowPlace = z.object(place);
export type RowPlace = z.infer<typeof rowPlace>;

/**
 * What became of the rows of some contributions: every one of them is either included or listed under `excluded`. The
 * same contributions and policy give the same report, to the byte (RFC 8785). Reports from before there were held-out
 * texts are read as reports without any.
 */
export const datasetReport = z.object({
  type: z.literal('dataset-report'),
  version: z.literal(1),
  policy: z.object({
    use: z.enum(['commercial', 'research']),
    /** SPDX ids; null: the built-in list of the use. */
    licences: z.array(z.string()).nullable(),
    /** Rows of these kinds are left out; the others are only reported. */
    exclude: z.array(z.enum(ROW_REASONS)),
    phoneRegion: z.string().nullable(),
    nearDuplicates: z.object({ shingleWords: natural, jaccard: z.number() }),
    /**
     * The texts that no row should repeat: keccak256 of their list as RFC 8785 JSON, so that it can be shown later which
     * they were, and their number; null: none were given.
     */
    heldOut: z.object({ hash: hashSchema, texts: natural }).nullable().default(null),
  }),
  totals: z.object({
    contributions: natural,
    includedContributions: natural,
    /** Rows of the contributions whose content could be read, and the promised number of the others. */
    rows: natural,
    includedRows: natural,
    exactDuplicates: natural,
    nearDuplicates: natural,
    sensitiveRows: natural,
    heldOutRows: natural.default(0),
  }),
  contributions: z.array(
    z.object({
      id: natural,
      datanet: natural,
      name: z.string(),
      licence: z.string(),
      /** keccak256 of its bytes; null when they could not be had or are not the promised ones. */
      contentHash: hashSchema.nullable(),
      rows: natural,
      includedRows: natural,
    }),
  ),
  /** Runs of rows that are left out. */
  excluded: z.array(
    z.object({
      contribution: natural,
      firstRow: natural,
      rowCount: natural,
      reason: z.enum(EXCLUSION_REASONS),
      detail: z.string(),
    }),
  ),
  exactDuplicates: z.array(z.object({ first: rowPlace, others: z.array(rowPlace) })),
  nearDuplicates: z.array(
    z.object({
      first: rowPlace,
      /** `similarity` to the first; below the threshold where a row is near to another of the cluster only. */
      others: z.array(z.object({ ...place, similarity: z.number() })),
    }),
  ),
  /** How many rows of a contribution another one had first, exactly or nearly. */
  overlaps: z.array(z.object({ contribution: natural, earlier: natural, rows: natural })),
  /** Where something sensitive stands, in UTF-16 units from the start of the row. What it says is not repeated here. */
  sensitive: z.array(z.object({ ...place, kind: z.enum(SENSITIVE_KINDS), start: natural, length: natural })),
  /** Rows that repeat a held-out text, `text` by its place in the list. What it says is not repeated here. */
  heldOut: z.array(z.object({ ...place, text: natural, similarity: z.number() })).default([]),
  /** Of the included rows. `tokens` is null when no tokenizer was given. */
  lengths: z.object({ characters: lengthStatistics, tokens: lengthStatistics.nullable() }),
});
export type DatasetReport = z.infer<typeof datasetReport>;
