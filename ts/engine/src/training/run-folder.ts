import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalBytes } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';
import { z } from 'zod';
import { writeAdapter } from '../adapter/peft.ts';
import { writeFileAtomic } from '../files/atomic.ts';
import { toHuggingFaceConfig } from '../llama/config.ts';
import { checkpointTensors } from '../llama/parameters.ts';
import type { BaseModel } from '../model/base.ts';
import { safetensorsParts } from '../safetensors/safetensors.ts';
import { manifestSchema, runIdOf, type TrainingManifest } from './manifest.ts';
import { encodeModelCard } from './model-card.ts';
import type { Row } from './rows.ts';
import { adapterOf, type RunResult } from './run.ts';

/** Where the parts of a run are, inside its folder. */
export const RUN_FILES = {
  manifest: 'manifest.json',
  rows: 'rows.jsonl',
  /** Checkpoints, step records, measurements and events. */
  work: 'run',
  /** The adapter in PEFT layout, or the model in Hugging Face layout, with a model card. */
  result: 'result',
} as const;

const rowSchema = z.object({ asset: z.number().int(), row: z.number().int(), text: z.string() });

/** Writes down a run, so that any engine can carry it out. Returns its id. */
export async function writeRunFolder(
  folder: string,
  manifest: TrainingManifest,
  rows: readonly Row[],
): Promise<Hex> {
  await mkdir(folder, { recursive: true });
  const lines = rows.map(({ asset, row, text }) => `${JSON.stringify({ asset, row, text })}\n`);
  await writeFileAtomic(join(folder, RUN_FILES.rows), lines.join(''));
  await writeFileAtomic(join(folder, RUN_FILES.manifest), canonicalBytes(manifest));
  return runIdOf(manifest);
}

/** Reads what a run is. */
export async function readRunFolder(folder: string): Promise<{ manifest: TrainingManifest; rows: Row[] }> {
  const [manifest, rows] = await Promise.all([
    readFile(join(folder, RUN_FILES.manifest), 'utf8'),
    readFile(join(folder, RUN_FILES.rows), 'utf8'),
  ]);
  return {
    manifest: manifestSchema.parse(JSON.parse(manifest)),
    rows: rows
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => rowSchema.parse(JSON.parse(line))),
  };
}

/** Writes a run's result: an adapter in PEFT layout or a model in Hugging Face layout, with its model card. */
export async function writeRunResult(
  folder: string,
  base: BaseModel,
  manifest: TrainingManifest,
  result: RunResult,
): Promise<void> {
  const target = join(folder, RUN_FILES.result);
  await mkdir(target, { recursive: true });
  if (manifest.lora !== undefined) {
    await writeAdapter(target, base.config, adapterOf(manifest.lora, result.parameters));
  } else {
    const tensors = checkpointTensors(base.config, result.parameters);
    await writeFileAtomic(join(target, 'model.safetensors'), safetensorsParts(tensors, 'F32'));
    const config = { ...toHuggingFaceConfig(base.config), torch_dtype: 'float32' };
    await writeFileAtomic(join(target, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  }
  await writeFileAtomic(join(target, 'README.md'), encodeModelCard(manifest, result));
}
