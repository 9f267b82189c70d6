import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { type BatchPlan, longestOf, type WeightedSample } from './batches.ts';
import { packSequences, type Sequence } from './packing.ts';
import { encodeSamples, type Row, type RowFormat } from './rows.ts';
import { splitValidation, type ValidationSplit } from './split.ts';

/** A sample that is measured, with the datanet it came from. */
export type DatanetSample = WeightedSample & { readonly datanet: number };

/** The rows of a run as its model reads them. */
export type Dataset = {
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
  const { train, validation } = splitValidation(plan.data.validation, rows);
  const { packing = 'none', seed } = plan.batches;
  return {
    sequences: packSequences(packing, train.flatMap(encode), longest, seed),
    validation: validation.flatMap(encode),
  };
}
