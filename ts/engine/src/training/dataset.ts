import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { type BatchPlan, countedTokens, longestOf, type WeightedSample } from './batches.ts';
import { packSequences, type Sequence } from './packing.ts';
import { encodeSamples, type Row, type RowFormat } from './rows.ts';
import { splitValidation, type ValidationSplit } from './split.ts';

/** A sample that is measured, with the datanet it came from. */
export type DatanetSample = WeightedSample & { readonly datanet: number };

/** What became of a run's rows. */
export type DatasetReport = {
  readonly trainRows: number;
  readonly validationRows: number;
  /** Rows of batches that one pass over the data fills. */
  readonly sequences: number;
  /** Tokens that have a loss in one pass. */
  readonly tokens: number;
  /** Samples that are longer than the longest length, so that their end is never read. */
  readonly shortened: number;
  /** Among those, samples of whose answer nothing is read. */
  readonly unread: number;
};

/** The rows of a run as its model reads them. */
export type Dataset = {
  readonly report: DatasetReport;
  /** What is trained on. */
  readonly sequences: readonly Sequence<WeightedSample>[];
  /** What is measured. */
  readonly validation: readonly DatanetSample[];
};

/** The part of a manifest that decides what its rows become. */
export type DatasetPlan = {
  readonly data: {
    readonly format: RowFormat;
    readonly contributions: readonly {
      readonly asset: number;
      readonly datanet: number;
      readonly weight: number;
    }[];
    readonly validation: ValidationSplit;
  };
  readonly batches: BatchPlan;
};

/** Splits, encodes and packs the rows of a run. */
export function createDataset(plan: DatasetPlan, tokenizer: Tokenizer, rows: readonly Row[]): Dataset {
  const contributions = new Map(plan.data.contributions.map((one) => [one.asset, one]));
  const longest = longestOf(plan.batches);
  const encode = (row: Row): DatanetSample[] => {
    const contribution = contributions.get(row.asset);
    if (contribution === undefined) {
      throw new Error(`A row belongs to asset ${row.asset}, which is none of the run's contributions.`);
    }
    const { weight, datanet } = contribution;
    return encodeSamples(tokenizer, plan.data.format, row.text, longest).map((sample) => ({
      ...sample,
      weight,
      datanet,
    }));
  };
  const split = splitValidation(plan.data.validation, rows);
  const [train, validation] = [split.train.flatMap(encode), split.validation.flatMap(encode)];
  const { packing = 'none', seed } = plan.batches;
  const sequences = packSequences(packing, train, longest, seed);
  const counted = (sample: DatanetSample) => countedTokens(plan.batches, sample);
  const tokens = train.reduce((sum, sample) => sum + counted(sample), 0);
  if (tokens === 0) {
    throw new Error(
      `No row has an answer that begins within ${longest} tokens. Allow longer rows, or train on them as plain text.`,
    );
  }
  const all = [...train, ...validation];
  const report = {
    trainRows: split.train.length,
    validationRows: split.validation.length,
    sequences: sequences.length,
    tokens,
    shortened: all.filter((sample) => sample.tokens.length - 1 > longest).length,
    unread: all.filter((sample) => counted(sample) === 0).length,
  };
  return { report, sequences, validation: validation.filter((sample) => counted(sample) > 0) };
}
