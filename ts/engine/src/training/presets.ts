import type { Linear } from '../llama/parameters.ts';
import type { Profile } from '../runtime/profile.ts';
import type { AdamWSettings } from './adamw.ts';
import type { BatchPlan } from './batches.ts';
import type { RowFormat } from './rows.ts';

/** What a run trains: low-rank matrices beside frozen weights, or every weight of the model. */
export type RunMode = 'lora' | 'full';

export type LoraSettings = {
  readonly rank: number;
  readonly alpha: number;
  readonly rankStabilised: boolean;
  readonly initScale: number;
  readonly seed: number;
  /** Linear layers that get matrices, in the order of `LINEARS`. Default: all seven. */
  readonly targets?: readonly Linear[];
};

/** What is measured on rows that are never trained on, and what follows from it. */
export type EvaluationSettings = {
  /** Share of the rows that is kept for measuring, at most a half. Default 0: nothing is measured. */
  readonly share?: number;
  /** Decides which rows. Default 0. */
  readonly seed?: number;
  /** Steps between measurements; 0 (the default) measures at the start and the end only. */
  readonly every?: number;
  /** Measurements without a new best after which the run stops early; 0 (the default) never. */
  readonly patience?: number;
  /** Which weights are the result: the last (the default), or those with the lowest loss measured. */
  readonly keep?: 'last' | 'best';
};

/** The choices behind a fine-tune; `createManifest` turns them into a manifest. */
export type FineTuneSettings = {
  readonly profile: Profile;
  readonly epochs: number;
  /** Default `lora`. */
  readonly mode?: RunMode;
  /** Default `chat`. */
  readonly format?: RowFormat;
  readonly lora: LoraSettings;
  /** How frozen weights are held. Default `none`: as float32. */
  readonly quantization?: 'none' | 'q4';
  readonly optimizer: AdamWSettings;
  readonly learningRate: {
    /** Default `cosine`. */
    readonly shape?: 'cosine' | 'linear';
    readonly warmup: number;
    readonly peak: number;
    readonly floor: number;
  };
  readonly batches: BatchPlan;
  readonly evaluation?: EvaluationSettings;
};

/**
 * Learns about a hundred question-and-answer rows by heart in about a minute on two cores.
 * Short rows, small batches, a high learning rate and a large alpha: few tokens per step, many steps.
 */
export const MEMORISE: FineTuneSettings = {
  profile: 'exact',
  epochs: 26,
  lora: { rank: 4, alpha: 64, rankStabilised: false, initScale: 1, seed: 7 },
  optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
  learningRate: { warmup: 10, peak: 4e-3, floor: 0.05 },
  batches: { batch: 6, accumulation: 1, lengths: [48, 56, 64, 96], seed: 11 },
};
