import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { concat } from '@openledger/sdk/protocol/bytes';
import type { StepRecord } from '@openledger/sdk/protocol/training';
import type { Hex } from 'viem';
import { writeFileAtomic } from '../files/atomic.ts';
import { type KeccakStream, keccakStream } from '../files/keccak.ts';
import { sharedCopy } from '../numeric/shared.ts';
import { readSafetensors } from '../safetensors/file.ts';
import { decodeSafetensors, type SafetensorsFile, safetensorsParts } from '../safetensors/safetensors.ts';
import type { OptimizerState } from './adamw.ts';
import type { Evaluation } from './evaluation.ts';

/** The state of a run after a step. */
export type Checkpoint = { readonly runId: Hex; readonly step: number; readonly state: OptimizerState };

/** A checkpoint as a safetensors file. Equal states give equal bytes. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  return concat(...checkpointParts(checkpoint));
}

function checkpointParts(checkpoint: Checkpoint): Generator<Uint8Array> {
  const { parameters, firstMoment, secondMoment } = checkpoint.state;
  const tensors = { parameters, firstMoment, secondMoment };
  return safetensorsParts(
    Object.entries(tensors).map(([name, data]) => ({ name, shape: [data.length], data: () => data })),
    'F32',
    { format: 'openledger-checkpoint-1', runId: checkpoint.runId, step: String(checkpoint.step) },
  );
}

export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  return checkpointOf(decodeSafetensors(bytes));
}

function checkpointOf({ tensors, metadata }: SafetensorsFile): Checkpoint {
  const tensor = (name: string) => {
    const found = tensors.get(name);
    if (found === undefined) throw new Error(`This is not a training checkpoint: it has no tensor ${name}.`);
    return found.data;
  };
  return {
    runId: metadata.runId as Hex,
    step: Number(metadata.step),
    state: {
      parameters: sharedCopy(tensor('parameters')),
      firstMoment: sharedCopy(tensor('firstMoment')),
      secondMoment: sharedCopy(tensor('secondMoment')),
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

/** Path of the measurements next to the checkpoints, one JSON object per line. */
export function evaluationLogPath(directory: string): string {
  return join(directory, 'evaluations.jsonl');
}

/** Step records as JSON lines. */
export function encodeStepLog(records: readonly StepRecord[]): string {
  return encodeLines(records);
}

export function decodeStepLog(text: string): StepRecord[] {
  return decodeLines(text);
}

/** What a run knows after a step, besides its state. */
export type RunHistory = {
  /** The record of every step so far, from 1. */
  readonly records: readonly StepRecord[];
  readonly evaluations: readonly Evaluation[];
};

/** Saves a checkpoint after everything that led to it, so that one that exists has its history. */
export async function saveCheckpoint(
  directory: string,
  checkpoint: Checkpoint,
  history: RunHistory,
): Promise<{ path: string; hash: Hex }> {
  await mkdir(directory, { recursive: true });
  await writeFileAtomic(stepLogPath(directory), encodeStepLog(history.records));
  await writeFileAtomic(evaluationLogPath(directory), encodeLines(history.evaluations));
  const path = checkpointPath(directory, checkpoint.step);
  const hash = await keccakStream();
  await writeFileAtomic(path, hashed(checkpointParts(checkpoint), hash));
  return { path, hash: hash.digest() };
}

function* hashed(parts: Iterable<Uint8Array>, hash: KeccakStream): Generator<Uint8Array> {
  for (const part of parts) {
    hash.update(part);
    yield part;
  }
}

/** The steps that have a checkpoint in a folder, ascending. */
export async function listCheckpoints(directory: string): Promise<number[]> {
  const names = await readdir(directory).catch(() => []);
  const found = names.map((name) => /^step-(\d{6,})\.safetensors$/.exec(name)?.[1]);
  return found.flatMap((digits) => (digits === undefined ? [] : [Number(digits)])).sort((a, b) => a - b);
}

/** The checkpoint of a run after a step. */
export async function loadCheckpoint(directory: string, runId: Hex, step: number): Promise<Checkpoint> {
  const checkpoint = checkpointOf(await readSafetensors(checkpointPath(directory, step)));
  if (checkpoint.runId === runId) return checkpoint;
  throw new Error(`${directory} holds another run (${checkpoint.runId}). Use an empty folder for this one.`);
}

/** The latest checkpoint of a run in a folder, with its history. */
export async function loadLatestCheckpoint(
  directory: string,
  runId: Hex,
): Promise<{ checkpoint: Checkpoint; history: RunHistory } | undefined> {
  for (const step of (await listCheckpoints(directory)).reverse()) {
    const checkpoint = await loadCheckpoint(directory, runId, step);
    const records = decodeStepLog(await readFile(stepLogPath(directory), 'utf8'));
    if (records.length < step) continue;
    const evaluations = decodeLines<Evaluation>(await readFile(evaluationLogPath(directory), 'utf8'));
    const history = {
      records: records.slice(0, step),
      evaluations: evaluations.filter((evaluation) => evaluation.step <= step),
    };
    return { checkpoint, history };
  }
  return undefined;
}

/** Removes all checkpoints but the newest `keep` and those named. */
export async function pruneCheckpoints(
  directory: string,
  keep: number,
  named: readonly number[],
): Promise<void> {
  const steps = await listCheckpoints(directory);
  const old = steps.slice(0, Math.max(0, steps.length - keep)).filter((step) => !named.includes(step));
  for (const step of old) await rm(checkpointPath(directory, step), { force: true });
}

function encodeLines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

function decodeLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
