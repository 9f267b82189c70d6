import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { encodeAdapter } from '@openledger/engine/adapter/peft';
import type { BaseModel } from '@openledger/engine/model/base';
import { decodeStepLog, encodeStepLog, stepLogPath } from '@openledger/engine/training/checkpoint';
import { createManifest, manifestSchema, type TrainingManifest } from '@openledger/engine/training/manifest';
import { type FineTuneSettings, MEMORISE } from '@openledger/engine/training/presets';
import type { TrainEvent, TrainResult, trainAdapter } from '@openledger/engine/training/run';
import { keccak } from '@openledger/sdk/protocol/bytes';
import { canonicalBytes, storeUri } from '@openledger/sdk/protocol/store';
import { runId as hashManifest, runInputsTree, stepsTree } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import {
  type AcceptedContribution,
  type LoadedContribution,
  loadContribution,
  rowText,
} from '../chain/contributions.ts';
import { describe, NodeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ListedModel, ModelCatalog } from '../models/types.ts';
import type { BlobStore } from '../store/types.ts';
import type { CreateJobBody, Job, JobEvent } from './job.ts';
import { type JobFiles, openJobFiles, readJobs, replaceFile } from './job-files.ts';
import { type InfluenceResult, packageAdapter } from './package-adapter.ts';

/** The parts of the engine that a training job uses; tests give fast ones. */
export type TrainingEngine = {
  base(): Promise<BaseModel>;
  train: typeof trainAdapter;
  buildInfluence(options: {
    base: BaseModel;
    adapter: TrainResult['adapter'];
    secondMoment: Float32Array;
    rows: readonly { asset: number; row: number; text: string; datanet: number }[];
    signal: AbortSignal;
  }): Promise<InfluenceResult>;
  encodeAdapter: typeof encodeAdapter;
};

export type TrainerDeps = {
  folder: string;
  store: BlobStore;
  catalog: Pick<ModelCatalog, 'find' | 'list'>;
  contributions(): Promise<AcceptedContribution[]>;
  engine: TrainingEngine;
  log: Log;
  /** Seconds since 1970. */
  now(): number;
};

export type Trainer = {
  create(body: CreateJobBody): Promise<Job>;
  list(): Job[];
  get(id: string): Job;
  events(id: string, after: number): JobEvent[];
  /** Resolves when there are events after `after`, the job is over, or the signal aborts. */
  waitForEvents(id: string, after: number, signal: AbortSignal): Promise<void>;
  /** Stops the running job at its next step; it goes on with the next start. */
  close(): Promise<void>;
};

type Entry = { job: Job; events: JobEvent[]; files: JobFiles; waiting: Set<() => void> };

const OVER: readonly Job['status'][] = ['succeeded', 'failed', 'cancelled'];

/** Runs training jobs, one at a time, and picks up where a killed process left off. */
export async function createTrainer(deps: TrainerDeps): Promise<Trainer> {
  const jobs = new Map<string, Entry>();
  const stop = new AbortController();
  let queue: Promise<void> = Promise.resolve();

  for (const { job, events } of await readJobs(deps.folder)) {
    const files = await openJobFiles(deps.folder, job.id);
    const entry = { job, events, files, waiting: new Set<() => void>() };
    jobs.set(job.id, entry);
    if (!OVER.includes(job.status)) enqueue(entry);
  }

  function enqueue(entry: Entry): void {
    queue = queue.then(() => work(entry));
  }

  async function create(body: CreateJobBody): Promise<Job> {
    const base = await findBase(body.baseModel ?? body.model);
    const chosen = choose(await deps.contributions(), body);
    const licence = body.licence ?? commonLicence(chosen);
    const datanets = [...new Set(chosen.map(({ datanet }) => datanet))].toSorted((a, b) => a - b);
    const loaded = await Promise.all(chosen.map((one) => loadContribution(deps.store, one)));
    const model = await deps.engine.base();
    const manifest = createManifest({
      base: model,
      contributions: loaded.map(({ datanet, asset, bytes }) => ({
        datanet,
        asset,
        contentHash: keccak(bytes),
      })),
      rows: rowsOf(loaded),
      settings: settingsFrom(body),
    });
    const runId = hashManifest(manifest);
    const id = `ftjob-${runId.slice(2, 26)}`;
    const existing = jobs.get(id);
    // The same manifest gives the same bits: asking twice is asking once.
    if (existing !== undefined) return retryIfFailed(existing);
    const name = body.name ?? body.suffix ?? `adapter-${runId.slice(2, 8)}`;
    const job: Job = {
      id,
      object: 'fine_tuning.job',
      status: 'queued',
      created_at: deps.now(),
      finished_at: null,
      baseModel: base.id,
      model: base.names[0],
      name,
      datanets,
      contributions: chosen.map((one) => one.id),
      licence,
      rows: manifest.data.rowCount,
      totalSteps: manifest.steps,
      step: 0,
      loss: null,
      openRun: {
        runId,
        inputsRoot: plainRoot(runInputsTree(manifest.data.contributions)),
        inputCount: manifest.data.contributions.length,
        totalSteps: manifest.steps,
        datanets,
        uri: storeUri(await deps.store.put(canonicalBytes(manifest))),
      },
      result: null,
      error: null,
    };
    const files = await openJobFiles(deps.folder, id);
    await replaceFile(join(files.folder, 'manifest.json'), JSON.stringify(manifest));
    await files.write(job);
    const entry: Entry = { job, events: [], files, waiting: new Set() };
    jobs.set(id, entry);
    await emit(entry, 'status', { status: 'queued', openRun: job.openRun });
    enqueue(entry);
    return job;
  }

  async function retryIfFailed(entry: Entry): Promise<Job> {
    if (entry.job.status !== 'failed') return entry.job;
    Object.assign(entry.job, { finished_at: null, error: null });
    await setStatus(entry, 'queued');
    enqueue(entry);
    return entry.job;
  }

  async function findBase(name: string | number | undefined): Promise<ListedModel> {
    const bases = (await deps.catalog.list()).filter(({ kind }) => kind === 'base');
    const { weightsHash } = await deps.engine.base();
    const model =
      name === undefined
        ? bases.find(({ terms }) => terms.weightsHash === weightsHash)
        : await deps.catalog.find(typeof name === 'number' ? `ol-${name}` : name);
    if (model?.kind === 'base' && model.terms.weightsHash === weightsHash) return model;
    throw new NodeError(
      'model_not_found',
      name === undefined
        ? 'The base model of this node is not registered.'
        : `"${name}" is not the base model of this node.`,
      'Register the base model (ModelRegistry.registerBase), or train on a node that has that base (--base).',
    );
  }

  async function work(entry: Entry): Promise<void> {
    if (stop.signal.aborted) return;
    try {
      await train(entry);
    } catch (error) {
      if (stop.signal.aborted) return;
      deps.log.error({ job: entry.job.id, err: error }, 'a training job failed');
      const message = error instanceof NodeError ? `${error.message} ${error.hint}` : describe(error);
      Object.assign(entry.job, { status: 'failed', finished_at: deps.now(), error: { message } });
      await entry.files.write(entry.job);
      await emit(entry, 'error', { message });
    }
  }

  async function train(entry: Entry): Promise<void> {
    const { job, files } = entry;
    const manifest = manifestSchema.parse(
      JSON.parse(await readFile(join(files.folder, 'manifest.json'), 'utf8')),
    );
    const accepted = (await deps.contributions()).filter(({ id }) => job.contributions.includes(id));
    const contributions = await Promise.all(accepted.map((one) => loadContribution(deps.store, one)));
    const base = await deps.engine.base();
    const rows = rowsOf(contributions);
    await setStatus(entry, 'running');
    await mkdir(files.checkpoints, { recursive: true });
    const started = Date.now();
    const run = deps.engine.train({
      base,
      manifest,
      rows,
      checkpointDir: files.checkpoints,
      checkpointEvery: checkpointEvery(manifest),
      resume: true,
      signal: stop.signal,
    });
    let result: TrainResult | undefined;
    for await (const event of run) {
      if (event.type === 'done') result = event;
      else await report(entry, event);
    }
    if (result === undefined) throw new Error('The engine ended the run without a result.');
    await setStatus(entry, 'attributing');
    const influence = await deps.engine.buildInfluence({
      base,
      adapter: result.adapter,
      secondMoment: result.secondMoment,
      rows,
      signal: stop.signal,
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
      metrics: {
        finalLoss: job.loss ?? 0,
        steps: manifest.steps,
        rows: rows.length,
        seconds: (Date.now() - started) / 1000,
      },
    });
    const anchors = entry.events.flatMap(({ type, data }) => (type === 'checkpoint' ? [data as never] : []));
    job.result = { ...packaged, anchors };
    job.status = 'succeeded';
    job.finished_at = deps.now();
    await files.write(job);
    await emit(entry, 'result', { status: 'succeeded', result: job.result });
    deps.log.info(
      { job: job.id, adapter: packaged.adapterHash, seconds: packaged.metrics.seconds },
      'trained an adapter',
    );
  }

  /** Passes the engine's events on. After a restart it repeats steps since the last checkpoint, with the same bits. */
  async function report(entry: Entry, event: Exclude<TrainEvent, { type: 'done' }>): Promise<void> {
    const { job, files } = entry;
    if (event.type === 'start') return;
    const known = entry.events.some(({ type, data }) => type === event.type && data.step === event.step);
    if (event.type === 'step') {
      job.step = event.step;
      job.loss = event.loss;
      const { type: _, ...data } = event;
      if (!known) await emit(entry, 'step', data);
      return;
    }
    await files.write(job);
    if (known) return;
    const records = decodeStepLog(await readFile(stepLogPath(files.checkpoints), 'utf8'));
    await emit(entry, 'checkpoint', {
      runId: job.openRun.runId,
      step: event.step,
      stepsRoot: plainRoot(stepsTree(records.slice(0, event.step))),
      checkpointHash: event.hash,
    });
  }

  async function setStatus(entry: Entry, status: Job['status']): Promise<void> {
    entry.job.status = status;
    await entry.files.write(entry.job);
    await emit(entry, 'status', { status });
  }

  async function emit(entry: Entry, type: JobEvent['type'], data: Record<string, unknown>): Promise<void> {
    const event: JobEvent = { id: entry.events.length + 1, type, created_at: deps.now(), data };
    await entry.files.append(event);
    entry.events.push(event);
    for (const wake of entry.waiting) wake();
  }

  function entryOf(id: string): Entry {
    const entry = jobs.get(id);
    if (entry !== undefined) return entry;
    throw new NodeError(
      'job_not_found',
      `There is no training job ${id}.`,
      'GET /v1/fine_tuning/jobs lists them.',
    );
  }

  return {
    create,
    list: () => [...jobs.values()].map(({ job }) => job),
    get: (id) => entryOf(id).job,
    events: (id, after) => entryOf(id).events.filter((event) => event.id > after),
    async waitForEvents(id, after, signal) {
      const entry = entryOf(id);
      const ready = () => entry.events.length > after || OVER.includes(entry.job.status) || signal.aborted;
      while (!ready()) {
        await new Promise<void>((resolve) => {
          const wake = () => {
            entry.waiting.delete(wake);
            signal.removeEventListener('abort', wake);
            resolve();
          };
          entry.waiting.add(wake);
          signal.addEventListener('abort', wake);
        });
      }
    },
    async close() {
      stop.abort();
      for (const { waiting } of jobs.values()) for (const wake of waiting) wake();
      await queue;
    },
  };
}

/** Whether a job has come to its end. */
export function isOver(job: Job): boolean {
  return OVER.includes(job.status);
}

function choose(accepted: readonly AcceptedContribution[], body: CreateJobBody): AcceptedContribution[] {
  const chosen = accepted
    .filter(({ id, datanet }) => body.contributions.includes(id) || body.datanets.includes(datanet))
    .toSorted((a, b) => a.asset - b.asset);
  const missing = body.contributions.filter((id) => !chosen.some((one) => one.id === id));
  const empty = body.datanets.filter((id) => !chosen.some(({ datanet }) => datanet === id));
  if (missing.length === 0 && empty.length === 0) return chosen;
  const what = [
    ...missing.map((id) => `contribution ${id}`),
    ...empty.map((id) => `any contribution of datanet ${id}`),
  ].join(', ');
  throw new NodeError(
    'bad_request',
    `There is no accepted ${what}.`,
    'A curator has to accept contributions first.',
  );
}

/** The one licence of all contributions, which each of their datanets allows. */
function commonLicence(contributions: readonly AcceptedContribution[]): string {
  const [first, ...others] = new Set(contributions.map(({ licence }) => licence));
  if (first !== undefined && others.length === 0) return first;
  throw new NodeError(
    'bad_request',
    `The contributions are under different licences: ${[first, ...others].join(', ')}.`,
    'Name the licence of the adapter in `licence`; every datanet must allow it.',
  );
}

function rowsOf(contributions: readonly LoadedContribution[]) {
  return contributions.flatMap(({ asset, datanet, rows }) =>
    rows.map((row) => ({ asset, datanet, row: row.row, text: rowText(row) })),
  );
}

function settingsFrom({ settings }: CreateJobBody): FineTuneSettings {
  const { epochs, rank, alpha, learningRate, batch, seed } = settings;
  return {
    ...MEMORISE,
    profile: 'exact',
    epochs: epochs ?? MEMORISE.epochs,
    lora: {
      ...MEMORISE.lora,
      rank: rank ?? MEMORISE.lora.rank,
      alpha: alpha ?? (rank === undefined ? MEMORISE.lora.alpha : 2 * rank),
      seed: seed ?? MEMORISE.lora.seed,
    },
    learningRate: { ...MEMORISE.learningRate, peak: learningRate ?? MEMORISE.learningRate.peak },
    batches: {
      ...MEMORISE.batches,
      batch: batch ?? MEMORISE.batches.batch,
      seed: seed ?? MEMORISE.batches.seed,
    },
  };
}

/** About eight anchors per run, whatever its length: each is a transaction of the builder. */
function checkpointEvery(manifest: TrainingManifest): number {
  return Math.max(10, Math.ceil(manifest.steps / 8));
}
