import type { Profile } from '../runtime/profile.ts';
import type { AdamWSettings } from './adamw.ts';
import type { BatchPlan } from './batches.ts';

/** The choices behind a fine-tune; `createManifest` turns them into a manifest. */
export type FineTuneSettings = {
  readonly profile: Profile;
  readonly epochs: number;
  readonly lora: {
    readonly rank: number;
    readonly alpha: number;
    readonly rankStabilised: boolean;
    readonly initScale: number;
    readonly seed: number;
  };
  readonly optimizer: AdamWSettings;
  readonly learningRate: { readonly warmup: number; readonly peak: number; readonly floor: number };
  readonly batches: BatchPlan;
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
