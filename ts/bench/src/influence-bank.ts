import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Retrainer } from '@openledger/engine/calibration/retrain';
import type { Bank } from '@openledger/engine/calibration/scores';
import { writeFileAtomic } from '@openledger/engine/files/atomic';
import type { BaseModel } from '@openledger/engine/model/base';
import { Random } from '@openledger/engine/numeric/random';
import { createManifest, type TrainingManifest } from '@openledger/engine/training/manifest';
import type { FineTuneSettings } from '@openledger/engine/training/presets';
import type { Row } from '@openledger/engine/training/rows';
import { keccak, utf8 } from '@openledger/sdk/protocol/bytes';
import { type InfluenceWorld, querySamples } from './influence-world.ts';
import { progress } from './progress.ts';

/** What is left out at once: single rows, or whole contributions. */
export type Unit = 'rows' | 'contributions';

export type BankOptions = {
  readonly base: BaseModel;
  readonly world: InfluenceWorld;
  readonly settings: FineTuneSettings;
  readonly unit: Unit;
  /** Share of the units that is left out. */
  readonly drop: number;
  readonly subsets: number;
  readonly threads: number;
};

/** A short run with a moderate learning rate, so that leaving rows out changes losses smoothly. */
export const WORLD_SETTINGS: FineTuneSettings = {
  profile: 'native',
  epochs: 3,
  lora: { rank: 4, alpha: 16, rankStabilised: false, initScale: 1, seed: 7 },
  optimizer: { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
  learningRate: { warmup: 10, peak: 2e-3, floor: 0.05 },
  batches: { batch: 8, accumulation: 4, lengths: [40, 48, 56, 64], seed: 11 },
};

/** Where banks are kept between runs, so that one that was stopped goes on. */
export const BANK_FOLDER = resolve(fileURLToPath(import.meta.url), '../../../../.openledger/bench');

/** Trains every subset that is not yet on disk, and returns all. */
export async function retrainBank(options: BankOptions): Promise<Bank> {
  const { base, world, settings, unit, drop, subsets, threads } = options;
  const queries = querySamples(base.tokenizer, world.queries);
  const folder = join(BANK_FOLDER, `bank-${unit}-${keyOf([base.weightsHash, settings, world, unit, drop])}`);
  await mkdir(folder, { recursive: true });
  const kept = Array.from({ length: subsets }, (_, i) => subsetOf(world, unit, drop, i));
  const file = (i: number) => join(folder, `${i}.json`);
  const todo = kept.flatMap((_, i) => (existsSync(file(i)) ? [] : [i]));
  if (todo.length > 0) {
    const manifest = worldManifest(base, world, settings);
    const retrainer = await Retrainer.open(base, manifest, world.rows, { threads });
    const bar = progress(`retraining without ${drop * 100} % of ${unit}`, subsets);
    try {
      for (const i of todo) {
        bar(kept.filter((_, j) => existsSync(file(j))).length);
        const { parameters } = await retrainer.train(kept[i]!);
        const losses = await retrainer.losses(parameters, queries);
        await writeFileAtomic(file(i), JSON.stringify([...losses]));
      }
      bar(subsets);
    } finally {
      await retrainer.close();
    }
  }
  const losses = kept.map((_, i) => Float64Array.from(JSON.parse(readFileSync(file(i), 'utf8')) as number[]));
  return { kept, losses };
}

/** A short name for something that JSON can hold. */
export function keyOf(content: unknown): string {
  return keccak(utf8(JSON.stringify(content))).slice(2, 18);
}

/** Which rows subset `i` reads; the same for every run of the bench. */
function subsetOf(world: InfluenceWorld, unit: Unit, drop: number, i: number): Uint8Array {
  const ids = world.rows.map((row, index) => (unit === 'rows' ? index : row.asset));
  const units = new Random(9_000 + i).shuffle([...new Set(ids)]);
  const dropped = new Set(units.slice(0, Math.round(drop * units.length)));
  return Uint8Array.from(ids, (id) => (dropped.has(id) ? 0 : 1));
}

/** The manifest of a run over the world's rows. */
export function worldManifest(
  base: BaseModel,
  world: { readonly rows: readonly Row[] },
  settings: FineTuneSettings,
): TrainingManifest {
  const assets = [...new Set(world.rows.map(({ asset }) => asset))];
  return createManifest({
    base,
    rows: world.rows,
    settings,
    contributions: assets.map((asset) => ({
      datanet: 1,
      asset,
      contentHash: keccak(
        utf8(
          world.rows
            .filter((row) => row.asset === asset)
            .map(({ text }) => text)
            .join('\n\n'),
        ),
      ),
    })),
  });
}
