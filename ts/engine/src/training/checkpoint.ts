import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keccak } from '@openledger/sdk/protocol/bytes';
import type { StepRecord } from '@openledger/sdk/protocol/training';
import type { Hex } from 'viem';
import { writeFileAtomic } from '../files/atomic.ts';
import { decodeSafetensors, encodeSafetensors } from '../safetensors/safetensors.ts';
import type { OptimizerState } from './adamw.ts';

/** The state of a run after a step. */
export type Checkpoint = { readonly runId: Hex; readonly step: number; readonly state: OptimizerState };

/** A checkpoint as a safetensors file. Equal states give equal bytes. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { parameters, firstMoment, secondMoment } = checkpoint.state;
  const tensors = { parameters, firstMoment, secondMoment };
  return encodeSafetensors(
    new Map(Object.entries(tensors).map(([name, data]) => [name, { shape: [data.length], data }])),
    'F32',
    { format: 'openledger-checkpoint-1', runId: checkpoint.runId, step: String(checkpoint.step) },
  );
}

export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const tensor = (name: string) => {
    const found = tensors.get(name);
    if (found === undefined) throw new Error(`This is not a training checkpoint: it has no tensor ${name}.`);
    return found.data;
  };
  return {
    runId: metadata.runId as Hex,
    step: Number(metadata.step),
    state: {
      parameters: tensor('parameters'),
      firstMoment: tensor('firstMoment'),
      secondMoment: tensor('secondMoment'),
    },
  };
}

/** Path of the step records next to the checkpoints, one JSON object per line. */
export function stepLogPath(directory: string): string {
  return join(directory, 'steps.jsonl');
}

export function checkpointPath(directory: string, step: number): string {
  return join(directory, `step-${String(step).padStart(6, '0')}.safetensors`);
}

/** Step records as JSON lines. */
export function encodeStepLog(records: readonly StepRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

export function decodeStepLog(text: string): StepRecord[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StepRecord);
}

/** Saves the records up to a checkpoint and then the checkpoint, so that one that exists has its records. */
export async function saveCheckpoint(
  directory: string,
  checkpoint: Checkpoint,
  records: readonly StepRecord[],
): Promise<{ path: string; hash: Hex }> {
  await mkdir(directory, { recursive: true });
  await writeFileAtomic(stepLogPath(directory), encodeStepLog(records));
  const bytes = encodeCheckpoint(checkpoint);
  const path = checkpointPath(directory, checkpoint.step);
  await writeFileAtomic(path, bytes);
  return { path, hash: keccak(bytes) };
}

/** The latest checkpoint of a run in a folder, with the records up to it. */
export async function loadLatestCheckpoint(
  directory: string,
  runId: Hex,
): Promise<{ checkpoint: Checkpoint; records: StepRecord[] } | undefined> {
  const names = await readdir(directory).catch(() => []);
  const steps = names.filter((name) => /^step-\d{6}\.safetensors$/.test(name)).sort();
  for (const name of steps.reverse()) {
    const checkpoint = decodeCheckpoint(await readFile(join(directory, name)));
    if (checkpoint.runId !== runId) {
      throw new Error(
        `${directory} holds another run (${checkpoint.runId}). Use an empty folder for this one.`,
      );
    }
    const records = decodeStepLog(await readFile(stepLogPath(directory), 'utf8'));
    if (records.length >= checkpoint.step) return { checkpoint, records: records.slice(0, checkpoint.step) };
  }
  return undefined;
}
