import { hashSchema } from '@openledger/sdk/protocol/store';
import { runId as hashManifest } from '@openledger/sdk/protocol/training';
import type { Hex } from 'viem';
import { z } from 'zod';
import { LINEARS } from '../llama/parameters.ts';
import type { BaseModel } from '../model/base.ts';
import { ENGINE_VERSION, RUNTIME_PACKAGES, TOKENIZER_PACKAGE } from '../runtime/profile.ts';
import { stepsPerEpoch } from './batches.ts';
import { createDataset } from './dataset.ts';
import type { FineTuneSettings } from './presets.ts';
import { hashRows, type Row } from './rows.ts';
import { encodeBiasCorrections, encodeLearningRates, learningRates } from './schedule.ts';

const count = z.number().int().positive();
const natural = z.number().int().min(0);
const seed = z.number().int().min(0).max(0xffffffff);
const bytes = (width: number) =>
  z
    .string()
    .regex(new RegExp(`^0x([0-9a-f]{${2 * width}})+$`))
    .transform((text) => text as Hex);

/** Everything that decides a training run's bits. Its hash in RFC 8785 form is the run's id. */
export const manifestSchema = z
  .strictObject({
    type: z.literal('training-run'),
    version: z.literal(2),
    mode: z.enum(['lora', 'full']),
    /** The model that training starts from. */
    base: z.strictObject({
      weightsHash: hashSchema,
      tokenizerHash: hashSchema,
      quantization: z.enum(['none', 'q4']),
    }),
    data: z.strictObject({
      format: z.enum(['chat', 'text']),
      rowsHash: hashSchema,
      rowCount: count,
      /** Ascending by asset. `weight` multiplies the loss of the contribution's rows. */
      contributions: z
        .array(z.strictObject({ datanet: count, asset: count, contentHash: hashSchema, weight: count }))
        .min(1),
      /** Rows that are only measured, never trained on (`isValidationRow`). */
      validation: z.strictObject({ perMillion: natural.max(500_000), seed }),
    }),
    /** Mode `lora` only. */
    lora: z
      .strictObject({
        rank: count,
        alpha: z.number().positive(),
        rankStabilised: z.boolean(),
        targets: z.array(z.enum(LINEARS)).min(1),
        dropout: z.literal(0),
        /** A starts uniform in ±initScale/√in, B at zero. */
        initScale: z.number().positive(),
        seed,
      })
      .optional(),
    /** Weight decay applies to matrices only. */
    optimizer: z.strictObject({
      name: z.literal('adamw'),
      beta1: z.number().min(0).lt(1),
      beta2: z.number().min(0).lt(1),
      epsilon: z.number().positive(),
      epsRoot: z.number().min(0),
      weightDecay: z.number().min(0),
      clipNorm: z.number().min(0),
    }),
    batches: z.strictObject({
      batch: count,
      accumulation: count,
      lengths: z.array(count).min(1),
      packing: z.enum(['none', 'simple', 'documents']),
      seed,
    }),
    /** The most steps; fewer are taken when `evaluation.patience` ends the run. */
    steps: count,
    /** One float32 per step, big-endian. */
    learningRates: bytes(4),
    /** Adam's `1 − β₁^step` and `1 − β₂^step`: two float64 per step, big-endian. */
    biasCorrections: bytes(16),
    evaluation: z.strictObject({ every: natural, patience: natural, keep: z.enum(['last', 'best']) }),
    runtime: z.strictObject({
      profile: z.enum(['native', 'exact']),
      package: z.string(),
      tokenizer: z.string(),
      engine: z.string(),
    }),
  })
  .superRefine((manifest, context) => {
    const fail = (message: string) => context.addIssue({ code: 'custom', message });
    if ((manifest.mode === 'lora') !== (manifest.lora !== undefined)) {
      fail('`lora` belongs to mode "lora", and to no other');
    }
    if (manifest.mode === 'full' && manifest.base.quantization !== 'none') {
      fail('mode "full" trains the weights themselves, so they cannot be quantised');
    }
    if (manifest.data.validation.perMillion === 0 && manifest.evaluation.keep === 'best') {
      fail('`keep: "best"` needs rows to measure: set a validation share');
    }
    if (manifest.evaluation.patience > 0 && manifest.evaluation.every === 0) {
      fail('`patience` counts measurements: set `every`');
    }
    const { lengths } = manifest.batches;
    if (lengths.some((length, i) => i > 0 && length <= lengths[i - 1])) fail('`lengths` must ascend');
    const targets = LINEARS.filter((linear) => manifest.lora?.targets.includes(linear));
    if (String(targets) !== String(manifest.lora?.targets ?? [])) {
      fail(`\`targets\` must be in the order of ${LINEARS.join(', ')}, each once`);
    }
    if (manifest.learningRates.length !== 2 + 8 * manifest.steps)
      fail('one learning rate per step is needed');
    if (manifest.biasCorrections.length !== 2 + 32 * manifest.steps) {
      fail('one pair of bias corrections per step is needed');
    }
  });
export type TrainingManifest = z.infer<typeof manifestSchema>;
/** The LoRA settings of a manifest. */
export type ManifestLora = NonNullable<TrainingManifest['lora']>;

/** A contribution that a run learns from. */
export type RunContribution = {
  readonly datanet: number;
  readonly asset: number;
  /** keccak256 of the contribution's bytes. */
  readonly contentHash: Hex;
  /** Multiplies the loss of its rows, and so mixes datanets. A whole number; default 1. */
  readonly weight?: number;
};

export type CreateManifestOptions = {
  readonly base: Pick<BaseModel, 'weightsHash' | 'tokenizerHash' | 'tokenizer'>;
  readonly contributions: readonly RunContribution[];
  /** All rows of the contributions, in order. */
  readonly rows: readonly Row[];
  readonly settings: FineTuneSettings;
};

/** Writes down a training run before it starts. */
export function createManifest(options: CreateManifestOptions): TrainingManifest {
  const { base, rows, settings } = options;
  const { mode = 'lora', lora, optimizer, profile, evaluation = {} } = settings;
  const batches = { packing: 'none' as const, ...settings.batches };
  const data = {
    format: settings.format ?? ('chat' as const),
    contributions: options.contributions
      .map(({ weight = 1, ...contribution }) => ({ ...contribution, weight }))
      .sort((a, b) => a.asset - b.asset),
    validation: { perMillion: Math.round((evaluation.share ?? 0) * 1e6), seed: evaluation.seed ?? 0 },
  };
  const { sequences } = createDataset({ data, batches }, base.tokenizer, rows);
  const steps = settings.epochs * stepsPerEpoch(batches, sequences.length);
  const { every = 0, patience = 0, keep = 'last' } = evaluation;
  return manifestSchema.parse({
    type: 'training-run',
    version: 2,
    mode,
    base: {
      weightsHash: base.weightsHash,
      tokenizerHash: base.tokenizerHash,
      quantization: settings.quantization ?? 'none',
    },
    data: { ...data, rowsHash: hashRows(rows), rowCount: rows.length },
    ...(mode === 'lora' ? { lora: { targets: [...LINEARS], dropout: 0, ...lora } } : {}),
    optimizer: { name: 'adamw', epsRoot: 0, ...optimizer },
    batches,
    steps,
    learningRates: encodeLearningRates(learningRates({ ...settings.learningRate, steps })),
    biasCorrections: encodeBiasCorrections(optimizer, steps),
    evaluation: { every, patience, keep },
    runtime: {
      profile,
      package: RUNTIME_PACKAGES[profile],
      tokenizer: TOKENIZER_PACKAGE,
      engine: ENGINE_VERSION,
    },
  });
}

/** The id of a run: the hash of its manifest. */
export function runIdOf(manifest: TrainingManifest): Hex {
  return hashManifest(manifest);
}

/**
 * The LoRA settings of a run in which each row is a sample of its own and all are trained on: what repeating a run
 * with other weights of its rows can do.
 */
export function rowwiseLora(manifest: TrainingManifest): ManifestLora {
  const { base, lora, data, batches } = manifest;
  const isRowwise =
    base.quantization === 'none' &&
    data.format === 'chat' &&
    data.validation.perMillion === 0 &&
    batches.packing === 'none';
  if (lora !== undefined && isRowwise) return lora;
  throw new Error(
    'Only a run of mode "lora" on chat rows, without quantisation, packing and validation rows, can be repeated row by row.',
  );
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
  const { profile, ...named } = manifest.runtime;
  const ours = { package: RUNTIME_PACKAGES[profile], tokenizer: TOKENIZER_PACKAGE, engine: ENGINE_VERSION };
  for (const part of ['package', 'tokenizer', 'engine'] as const) {
    if (named[part] === ours[part]) continue;
    throw new Error(
      `The manifest asks for ${named[part]}; this engine runs ${ours[part]}. Install the version it names.`,
    );
  }
}
