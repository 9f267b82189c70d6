import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LINEARS } from '@openledger/engine/llama/parameters';
import { trainingBytes } from '@openledger/engine/llama/quantize';
import { identifyBase } from '@openledger/engine/model/base';
import { checkFits } from '@openledger/engine/runtime/memory';
import {
  createManifest,
  manifestSchema,
  type RunContribution,
  type TrainingManifest,
} from '@openledger/engine/training/manifest';
import { type FineTuneSettings, MEMORISE } from '@openledger/engine/training/presets';
import { type Row, splitRows } from '@openledger/engine/training/rows';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { fromUtf8, keccak } from '@openledger/sdk/protocol/bytes';
import { z } from 'zod';
import { CliError } from '../error.ts';

const whole = z.coerce.number().int().min(0);
const positive = z.coerce.number().positive();

/** The settings of `run start` as they were typed. What is left out comes from the preset. */
export const runOptionsSchema = z.object({
  mode: z.enum(['lora', 'full']).optional(),
  profile: z.enum(['exact', 'native']).optional(),
  format: z.enum(['chat', 'text']).optional(),
  epochs: whole.min(1).optional(),
  rank: whole.min(1).optional(),
  alpha: positive.optional(),
  rslora: z.boolean().optional(),
  targets: z.array(z.enum(LINEARS)).optional(),
  quantization: z.enum(['none', 'q4']).optional(),
  lr: positive.optional(),
  schedule: z.enum(['cosine', 'linear']).optional(),
  warmup: whole.optional(),
  weightDecay: z.coerce.number().min(0).optional(),
  clip: z.coerce.number().min(0).optional(),
  epsRoot: z.coerce.number().min(0).optional(),
  batch: whole.min(1).optional(),
  accumulation: whole.min(1).optional(),
  packing: z.enum(['none', 'simple', 'documents']).optional(),
  lengths: z.array(whole.min(1)).optional(),
  validation: z.coerce.number().min(0).max(0.5).optional(),
  evaluateEvery: whole.optional(),
  patience: whole.optional(),
  keep: z.enum(['last', 'best']).optional(),
  seed: whole.max(0xffffffff).optional(),
});
export type RunOptions = z.infer<typeof runOptionsSchema>;

/** A file of rows with the weight of its rows: `rows.txt` or `rows.txt@3`. */
export function parseDataArgument(text: string): { path: string; weight: number } {
  const [, path, weight] = /^(.+?)(?:@(\d+))?$/.exec(text) ?? [];
  if (path === undefined || weight === '0') throw new CliError(`"${text}" is not a file, or a file@weight.`);
  return { path: resolve(path), weight: Number(weight ?? 1) };
}

/** Makes a run from files of rows: each is one contribution to a datanet of its own, numbered from 1. */
export async function createFileRun(
  baseFolder: string,
  data: readonly string[],
  options: RunOptions,
): Promise<{ manifest: TrainingManifest; rows: Row[] }> {
  const base = await identifyBase(baseFolder);
  const rows: Row[] = [];
  const contributions: RunContribution[] = [];
  for (const [index, argument] of data.entries()) {
    const { path, weight } = parseDataArgument(argument);
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw new CliError(`${path} cannot be read.`, { cause });
    });
    const asset = contributionAsset(index + 1);
    rows.push(...splitRows(asset, fromUtf8(new Uint8Array(bytes)).trimEnd()));
    contributions.push({ datanet: index + 1, asset, contentHash: keccak(new Uint8Array(bytes)), weight });
  }
  try {
    const settings = settingsOf(options);
    checkFits(settings.profile, trainingBytes(base.config, settings.quantization ?? 'none'));
    return { manifest: createManifest({ base, rows, contributions, settings }), rows };
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new CliError(`This run cannot be made: ${reason}`);
  }
}

/** Reads a manifest that somebody else wrote. */
export async function readManifest(path: string): Promise<TrainingManifest> {
  const parsed = manifestSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new CliError(`${path} is not the manifest of a run: ${z.prettifyError(parsed.error)}`);
}

function settingsOf(options: RunOptions): FineTuneSettings {
  const { lora, optimizer, learningRate, batches } = MEMORISE;
  const { rank, validation: share, seed } = options;
  return {
    profile: options.profile ?? 'exact',
    mode: options.mode,
    format: options.format,
    epochs: options.epochs ?? MEMORISE.epochs,
    quantization: options.quantization,
    lora: {
      ...lora,
      rank: rank ?? lora.rank,
      alpha: options.alpha ?? (rank === undefined ? lora.alpha : 2 * rank),
      rankStabilised: options.rslora ?? lora.rankStabilised,
      seed: seed ?? lora.seed,
      ...(options.targets === undefined
        ? {}
        : { targets: LINEARS.filter((one) => options.targets?.includes(one)) }),
    },
    optimizer: {
      ...optimizer,
      weightDecay: options.weightDecay ?? optimizer.weightDecay,
      clipNorm: options.clip ?? optimizer.clipNorm,
      epsRoot: options.epsRoot ?? 0,
    },
    learningRate: {
      ...learningRate,
      shape: options.schedule,
      peak: options.lr ?? learningRate.peak,
      warmup: options.warmup ?? learningRate.warmup,
    },
    batches: {
      lengths: options.lengths ?? batches.lengths,
      batch: options.batch ?? batches.batch,
      accumulation: options.accumulation ?? batches.accumulation,
      seed: seed ?? batches.seed,
      packing: options.packing ?? 'none',
    },
    evaluation: { share, seed, every: options.evaluateEvery, patience: options.patience, keep: options.keep },
  };
}
