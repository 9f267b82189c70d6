import { z } from '@hono/zod-openapi';
import { LINEARS } from '@openledger/engine/llama/parameters';
import { isAddress } from 'viem';

const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const uint = z.number().int().min(0);

const isHexAddress = (text: string): text is `0x${string}` => isAddress(text);

/**
 * Settings a builder may choose; the rest comes from the preset. A run on chain ends at the step that it was opened
 * with, so it never stops early; its sketches and answers use float32 weights, so it is not trained beside q4 ones; `keep: 'best'` makes the best measured weights its result instead.
 */
export const jobSettings = z
  .strictObject({
    epochs: z.number().int().min(1).max(200),
    rank: z.number().int().min(1).max(64),
    alpha: z.number().min(1).max(256),
    rankStabilised: z.boolean(),
    targets: z.array(z.enum(LINEARS)).min(1).max(LINEARS.length),
    learningRate: z.number().positive().max(0.1),
    schedule: z.enum(['cosine', 'linear']),
    warmup: uint.max(10_000),
    weightDecay: z.number().min(0).max(1),
    clipNorm: z.number().min(0).max(1_000),
    epsRoot: z.number().min(0).max(1e-3),
    batch: z.number().int().min(1).max(64),
    accumulation: z.number().int().min(1).max(64),
    packing: z.enum(['none', 'simple', 'documents']),
    /** Share of the rows that is measured and never trained on. */
    validationShare: z.number().min(0).max(0.5),
    /** Steps between measurements; 0: at the start and the end. */
    evaluateEvery: uint.max(100_000),
    keep: z.enum(['last', 'best']),
    seed: z.number().int().min(0).max(0xffffffff),
  })
  .partial()
  .openapi('JobSettings');
export type JobSettings = z.infer<typeof jobSettings>;

const auto = z.literal('auto');
const hyperparameters = z
  .object({
    n_epochs: z.union([auto, z.number().int().min(1).max(200)]).optional(),
    batch_size: z.union([auto, z.number().int().min(1).max(64)]).nullish(),
    /** Times the preset's learning rate. */
    learning_rate_multiplier: z.union([auto, z.number().positive()]).optional(),
  })
  .openapi('Hyperparameters');
export type Hyperparameters = z.infer<typeof hyperparameters>;

/**
 * Body of `POST /v1/fine_tuning/jobs`. `model`, `suffix`, `training_file`, `seed`, `hyperparameters` and `method` are
 * OpenAI's names; where both are there, ours counts.
 */
export const createJobBody = z
  .object({
    baseModel: z.union([z.string(), uint]).optional(),
    model: z.string().optional(),
    name: z.string().min(1).max(100).optional(),
    suffix: z.string().min(1).max(100).nullish(),
    /** Data by name, for clients that must send this field: `datanet-1`, `contribution-5`, or several with commas. */
    training_file: z
      .string()
      .regex(
        /^(datanet|contribution)-[1-9]\d{0,8}(,(datanet|contribution)-[1-9]\d{0,8})*$/,
        'names no data: use datanet-<id> or contribution-<id>, several with commas',
      )
      .optional(),
    seed: z.number().int().min(0).max(0xffffffff).nullish(),
    hyperparameters: hyperparameters.optional(),
    method: z
      .object({
        type: z.literal('supervised', 'must be supervised'),
        supervised: z.object({ hyperparameters: hyperparameters.optional() }).optional(),
      })
      .optional(),
    datanets: z.array(uint.min(1)).max(64).default([]),
    contributions: z.array(uint.min(1)).max(10_000).default([]),
    /** How much each row of a datanet counts, by the datanet's id: mixes datanets. Default 1. */
    weights: z.record(z.string().regex(/^[1-9]\d*$/), uint.min(1).max(1_000)).default({}),
    /** Who will open the run on chain: asked for by datanets that need a grant. */
    trainer: z.string().refine(isHexAddress, 'must be an address').optional(),
    /** SPDX id of the adapter; every datanet must allow it. Left out: that of the contributions, when it is one. */
    licence: z.string().min(1).max(100).optional(),
    settings: jobSettings.default({}),
  })
  .refine(
    (body) => body.datanets.length + body.contributions.length > 0 || body.training_file !== undefined,
    { message: 'name at least one datanet or contribution', path: ['datanets'] },
  )
  .openapi('CreateJob');
export type CreateJobBody = z.infer<typeof createJobBody>;

/** What a builder opens the run on chain with: `TrainingLog.openRun(...)`. */
export const openRunArguments = z
  .object({
    runId: hash,
    inputsRoot: hash,
    inputCount: uint,
    totalSteps: uint,
    datanets: z.array(uint),
    uri: z.string(),
  })
  .openapi('OpenRun');

/** One `TrainingLog.anchor(...)`. */
export const anchorArguments = z.object({ runId: hash, step: uint, stepsRoot: hash, checkpointHash: hash });

/** `ModelRegistry.publishAdapter(...)`, except royalty and prices, which are the builder's to choose. */
export const publishArguments = z.object({
  parent: uint,
  adapterHash: hash,
  runId: hash,
  scheme: uint,
  treeDepth: uint,
  sigmaCap: uint,
  sketchRoot: hash,
  corpusRoot: hash,
  baselineRoot: hash,
  basisHash: hash,
  datanets: z.array(uint),
  licence: z.string(),
  uri: z.string(),
});

export const jobResult = z.object({
  adapterHash: hash,
  modelCard: hash,
  anchors: z.array(anchorArguments),
  publish: publishArguments,
  metrics: z.record(z.string(), z.number()),
});

/** A job as it is kept in `job.json` and answered over HTTP. */
export const job = z.object({
  id: z.string(),
  object: z.literal('fine_tuning.job'),
  status: z.enum(['queued', 'running', 'paused', 'attributing', 'succeeded', 'failed', 'cancelled']),
  created_at: uint,
  finished_at: uint.nullable(),
  /** The base model's id in the registry. */
  baseModel: uint,
  model: z.string(),
  name: z.string(),
  datanets: z.array(uint),
  contributions: z.array(uint),
  /** The report on the data, in the content store; null for jobs from before there was one. */
  dataset: hash.nullable().default(null),
  licence: z.string(),
  settings: jobSettings.default({}),
  rows: uint,
  totalSteps: uint,
  step: uint,
  loss: z.number().nullable(),
  openRun: openRunArguments,
  result: jobResult.nullable(),
  error: z.object({ message: z.string() }).nullable(),
});
export type Job = z.infer<typeof job>;
export type JobResult = z.infer<typeof jobResult>;

/** What happened in a job, in order; `id` counts from 1 and survives restarts. */
export const jobEvent = z.object({
  id: uint,
  type: z.enum(['status', 'step', 'evaluation', 'checkpoint', 'result', 'error']),
  created_at: uint,
  data: z.record(z.string(), z.unknown()),
});
export type JobEvent = z.infer<typeof jobEvent>;
