import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { encodeAdapter } from '@openledger/engine/adapter/peft';
import type { BaseModel } from '@openledger/engine/model/base';
import { decodeStepLog, encodeStepLog, stepLogPath } from '@openledger/engine/training/checkpoint';
import { manifestSchema, type TrainingManifest } from '@openledger/engine/training/manifest';
import type { TrainEvent, TrainResult, trainAdapter } from '@openledger/engine/training/run';
import { splitValidation } from '@openledger/engine/training/split';
import { runId as hashManifest, stepsTree } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { type AcceptedContribution, loadContribution } from '../chain/contributions.ts';
import type { BlobStore } from '../store/types.ts';
import { type Entry, emit, setStatus } from './entry.ts';
import { type InfluenceResult, packageAdapter } from './package-adapter.ts';
import { rowsOf } from './select-data.ts';
import { checkpointEvery } from './settings.ts';

/** The parts of the engine that a training job uses; tests give fast ones. */
export type TrainingEngine = {
  base(): Promise<BaseModel>;
  train: typeof trainAdapter;
  buildInfluence(options: {
    base: BaseModel;
    adapter: TrainResult['adapter'];
    secondMoment: Float32Array;
    rows: readonly { asset: number; row: number; text: string; datanet: number; weight: number }[];
    signal: AbortSignal;
  }): Promise<InfluenceResult>;
  encodeAdapter: typeof encodeAdapter;
};

export type RunJobDeps = {
  store: BlobStore;
  contributions(): Promise<AcceptedContribution[]>;
  engine: TrainingEngine;
  /** Seconds since 1970. */
  now(): number;
};

/** Trains a job's adapter, attributes it and stores all that its builder publishes. Rejects when the signal aborts. */
export async function runJob(deps: RunJobDeps, entry: Entry, signal: AbortSignal): Promise<void> {
  const { job, files } = entry;
  const manifest = manifestSchema.parse(
    JSON.parse(await readFile(join(files.folder, 'manifest.json'), 'utf8')),
  );
  const accepted = (await deps.contributions()).filter(({ id }) => job.contributions.includes(id));
  const contributions = await Promise.all(accepted.map((one) => loadContribution(deps.store, one)));
  const base = await deps.engine.base();
  const rows = rowsOf(contributions);
  await setStatus(entry, deps.now(), 'running');
  await mkdir(files.checkpoints, { recursive: true });
  const started = Date.now();
  const run = deps.engine.train({
    base,
    manifest,
    rows,
    checkpointDir: files.checkpoints,
    checkpointEvery: checkpointEvery(manifest),
    resume: true,
    signal,
  });
  let result: TrainResult | undefined;
  for await (const event of run) {
    if (event.type === 'done') result = event;
    else await report(deps, entry, event);
  }
  if (result === undefined) throw new Error('The engine ended the run without a result.');
  await setStatus(entry, deps.now(), 'attributing');
  const weights = new Map(manifest.data.contributions.map(({ asset, weight }) => [asset, weight]));
  // What is only measured has not taught the adapter anything.
  const { train: learnt } = splitValidation(manifest.data.validation, rows);
  const influence = await deps.engine.buildInfluence({
    base,
    adapter: result.adapter,
    secondMoment: result.secondMoment,
    rows: learnt.map((row) => ({ ...row, weight: weights.get(row.asset) ?? 1 })),
    signal,
  });
  const packaged = await packageAdapter({
    store: deps.store,
    name: job.name,
    parent: job.baseModel,
    licence: job.licence,
    runId: hashManifest(manifest),
    manifest,
    records: result.records,
    stepLog: encodeStepLog(result.records),
    adapterFiles: deps.engine.encodeAdapter(base.config, result.adapter),
    contributions,
    influence,
    dataset: job.dataset,
    evaluations: result.evaluations,
    metrics: {
      finalLoss: job.loss ?? 0,
      steps: manifest.steps,
      resultStep: result.step,
      rows: rows.length,
      seconds: (Date.now() - started) / 1000,
      ...perplexities(manifest, result),
    },
  });
  const anchors = entry.events.flatMap(({ type, data }) => (type === 'checkpoint' ? [data as never] : []));
  const end = { status: 'succeeded' as const, result: { ...packaged, anchors } };
  await emit(entry, deps.now(), 'result', end, { ...end, finished_at: deps.now() });
}

/** Passes the engine's events on. After a restart it repeats steps since the last checkpoint, with the same bits. */
async function report(
  deps: RunJobDeps,
  entry: Entry,
  event: Exclude<TrainEvent, { type: 'done' }>,
): Promise<void> {
  const { job, files } = entry;
  if (event.type === 'start')
    return emit(entry, deps.now(), 'status', { status: job.status, data: event.data });
  if (event.type === 'step') Object.assign(job, { step: event.step, loss: event.loss });
  if (event.type === 'checkpoint') await files.write(job);
  if (entry.events.some(({ type, data }) => type === event.type && data.step === event.step)) return;
  const { type, ...data } = event;
  if (event.type !== 'checkpoint') return emit(entry, deps.now(), type, data);
  const records = decodeStepLog(await readFile(stepLogPath(files.checkpoints), 'utf8'));
  await emit(entry, deps.now(), 'checkpoint', {
    runId: job.openRun.runId,
    step: event.step,
    stepsRoot: plainRoot(stepsTree(records.slice(0, event.step))),
    checkpointHash: event.hash,
  });
}

/** Perplexity on the validation rows before training and of the result, when the run kept any. */
function perplexities(
  { evaluation }: TrainingManifest,
  { evaluations, step }: TrainResult,
): Record<string, number> {
  const before = evaluations.find((one) => one.step === 0);
  const after =
    evaluation.keep === 'best' ? evaluations.find((one) => one.step === step) : evaluations.at(-1);
  if (before === undefined || after === undefined) return {};
  return { perplexityBefore: before.perplexity, perplexityAfter: after.perplexity };
}
