import { hashSchema } from '@openledger/sdk/protocol/store';
import { runId as hashManifest } from '@openledger/sdk/protocol/training';
import type { Hex } from 'viem';
import { z } from 'zod';
import type { BaseModel } from '../model/base.ts';
import { RUNTIME_PACKAGES } from '../runtime/profile.ts';
import { stepsPerEpoch } from './batches.ts';
import type { FineTuneSettings } from './presets.ts';
import { hashRows, type Row } from './rows.ts';
import { cosineSchedule, encodeLearningRates } from './schedule.ts';

const count = z.number().int().positive();
const seed = z.number().int().min(0).max(0xffffffff);

/** Everything that decides a training run's bits. Its hash in RFC 8785 form is the run's id. */
export const manifestSchema = z.strictObject({
  type: z.literal('training-run'),
  version: z.literal(1),
  base: z.strictObject({ weightsHash: hashSchema, tokenizerHash: hashSchema }),
  data: z.strictObject({
    format: z.literal('chat'),
    rowsHash: hashSchema,
    rowCount: count,
    /** Ascending by asset. `weight` multiplies the loss of the contribution's rows. */
    contributions: z
      .array(z.strictObject({ datanet: count, asset: count, contentHash: hashSchema, weight: count }))
      .min(1),
  }),
  lora: z.strictObject({
    rank: count,
    alpha: z.number().positive(),
    rankStabilised: z.boolean(),
    /** A starts uniform in ±initScale/√in, B at zero. */
    initScale: z.number().positive(),
    seed,
  }),
  optimizer: z.strictObject({
    name: z.literal('adamw'),
    beta1: z.number().min(0).lt(1),
    beta2: z.number().min(0).lt(1),
    epsilon: z.number().positive(),
    epsRoot: z.number().min(0).optional(),
    weightDecay: z.number().min(0),
    clipNorm: z.number().min(0),
  }),
  batches: z.strictObject({ batch: count, accumulation: count, lengths: z.array(count).min(1), seed }),
  steps: count,
  /** One float32 per step, big-endian. */
  learningRates: z
    .string()
    .regex(/^0x([0-9a-f]{8})+$/)
    .transform((text) => text as Hex),
  runtime: z.strictObject({ profile: z.enum(['native', 'exact']), package: z.string() }),
});
export type TrainingManifest = z.infer<typeof manifestSchema>;

/** A contribution that a run learns from. */
export type RunContribution = {
  readonly datanet: number;
  readonly asset: number;
  /** keccak256 of the contribution's bytes. */
  readonly contentHash: Hex;
  /** Default 1. */
  readonly weight?: number;
};

export type CreateManifestOptions = {
  readonly base: Pick<BaseModel, 'weightsHash' | 'tokenizerHash'>;
  readonly contributions: readonly RunContribution[];
  /** All rows of the contributions, in order. */
  readonly rows: readonly Row[];
  readonly settings: FineTuneSettings;
};

/** Writes down a training run before it starts. */
export function createManifest(options: CreateManifestOptions): TrainingManifest {
  const { base, rows, settings } = options;
  const { batches, lora, optimizer, profile } = settings;
  const steps = settings.epochs * stepsPerEpoch(batches, rows.length);
  const rates = cosineSchedule({ ...settings.learningRate, steps });
  const contributions = options.contributions
    .map(({ weight = 1, ...contribution }) => ({ ...contribution, weight }))
    .sort((a, b) => a.asset - b.asset);
  return manifestSchema.parse({
    type: 'training-run',
    version: 1,
    base: { weightsHash: base.weightsHash, tokenizerHash: base.tokenizerHash },
    data: { format: 'chat', rowsHash: hashRows(rows), rowCount: rows.length, contributions },
    lora,
    optimizer: { name: 'adamw', ...optimizer },
    batches,
    steps,
    learningRates: encodeLearningRates(rates),
    runtime: { profile, package: RUNTIME_PACKAGES[profile] },
  });
}

/** The id of a run: the hash of its manifest. */
export function runIdOf(manifest: TrainingManifest): Hex {
  return hashManifest(manifest);
}

/** Refuses inputs other than those that the manifest names. */
export function checkInputs(
  manifest: TrainingManifest,
  base: Pick<BaseModel, 'weightsHash' | 'tokenizerHash'>,
  rows: readonly Row[],
): void {
  if (base.weightsHash !== manifest.base.weightsHash || base.tokenizerHash !== manifest.base.tokenizerHash) {
    throw new Error('The manifest was made for another base model. Load the model with its weightsHash.');
  }
  if (hashRows(rows) !== manifest.data.rowsHash) {
    throw new Error('The rows are not those of the manifest. Pass all rows of its contributions, in order.');
  }
  const named = RUNTIME_PACKAGES[manifest.runtime.profile];
  if (manifest.runtime.package !== named) {
    throw new Error(`The manifest asks for ${manifest.runtime.package}; this engine runs ${named}.`);
  }
}
