import type { TrainingManifest } from '@openledger/engine/training/manifest';
import { type FineTuneSettings, MEMORISE } from '@openledger/engine/training/presets';
import type { JobSettings } from './job.ts';

/** The settings of a run: what the builder chose, the rest from the preset. Published runs are exact. */
export function settingsFrom(chosen: JobSettings): FineTuneSettings {
  const { rank } = chosen;
  const { lora, optimizer, learningRate, batches } = MEMORISE;
  return {
    profile: 'exact',
    epochs: chosen.epochs ?? MEMORISE.epochs,
    lora: {
      ...lora,
      rank: rank ?? lora.rank,
      alpha: chosen.alpha ?? (rank === undefined ? lora.alpha : 2 * rank),
      rankStabilised: chosen.rankStabilised ?? lora.rankStabilised,
      seed: chosen.seed ?? lora.seed,
      ...(chosen.targets === undefined ? {} : { targets: chosen.targets }),
    },
    optimizer: {
      ...optimizer,
      weightDecay: chosen.weightDecay ?? optimizer.weightDecay,
      clipNorm: chosen.clipNorm ?? optimizer.clipNorm,
      epsRoot: chosen.epsRoot ?? 0,
    },
    learningRate: {
      ...learningRate,
      shape: chosen.schedule ?? 'cosine',
      peak: chosen.learningRate ?? learningRate.peak,
      warmup: chosen.warmup ?? learningRate.warmup,
    },
    batches: {
      ...batches,
      batch: chosen.batch ?? batches.batch,
      accumulation: chosen.accumulation ?? batches.accumulation,
      seed: chosen.seed ?? batches.seed,
      packing: chosen.packing ?? 'none',
    },
    evaluation: {
      share: chosen.validationShare,
      seed: chosen.seed,
      every: chosen.evaluateEvery,
      keep: chosen.keep,
    },
  };
}

/** About eight anchors per run, whatever its length: each is a transaction of the builder. */
export function checkpointEvery(manifest: Pick<TrainingManifest, 'steps'>): number {
  return Math.max(10, Math.ceil(manifest.steps / 8));
}
