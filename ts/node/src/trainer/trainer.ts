import { join } from 'node:path';
import type { Permission } from '@openledger/engine/dataset/contribution';
import type { BaseModel } from '@openledger/engine/model/base';
import { createManifest, type TrainingManifest } from '@openledger/engine/training/manifest';
import { keccak } from '@openledger/sdk/protocol/bytes';
import { canonicalBytes, storeUri } from '@openledger/sdk/protocol/store';
import { runId as hashManifest, runInputsTree } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import type { Hex } from 'viem';
import { prettifyError, ZodError } from 'zod';
import { type LoadedContribution, loadContribution } from '../chain/contributions.ts';
import { describe, NodeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ListedModel, ModelCatalog } from '../models/types.ts';
import { checkData } from './check-data.ts';
import { type Entry, emit, isOver, type StopReason, setStatus, waitForEvents } from './entry.ts';
import type { CreateJobBody, Job, JobEvent } from './job.ts';
import { openJobFiles, readJobs, replaceFile } from './job-files.ts';
import { type RunJobDeps, runJob } from './run-job.ts';
import { chooseContributions, commonLicence, rowsOf } from './select-data.ts';
import { settingsFrom } from './settings.ts';

export type TrainerDeps = RunJobDeps & {
  folder: string;
  catalog: Pick<ModelCatalog, 'find' | 'list'>;
  /** Whether a datanet lets a trainer use it now. */
  permission(datanet: number, trainer: Hex | undefined): Promise<Permission>;
  log: Log;
};

export type Trainer = {
  create(body: CreateJobBody): Promise<Job>;
  list(): Job[];
  get(id: string): Job;
  events(id: string, after: number): JobEvent[];
  /** Resolves when there are events after `after`, the job is over, or the signal aborts. */
  waitForEvents(id: string, after: number, signal: AbortSignal): Promise<void>;
  /** Stops a job for good, at its next step. */
  cancel(id: string): Promise<Job>;
  /** Stops a job until it is resumed; it keeps the steps that it took. */
  pause(id: string): Promise<Job>;
  /** Puts a paused job back into the queue. */
  resume(id: string): Promise<Job>;
  /** Stops the running job at its next step; it goes on with the next start. */
  close(): Promise<void>;
};

/** Runs training jobs, one at a time, and picks up where a killed process left off. */
export async function createTrainer(deps: TrainerDeps): Promise<Trainer> {
  const jobs = new Map<string, Entry>();
  let closed = false;
  let queue: Promise<void> = Promise.resolve();

  for (const { job, events } of await readJobs(deps.folder)) {
    const files = await openJobFiles(deps.folder, job.id);
    const entry = { job, events, files, waiting: new Set<() => void>() };
    jobs.set(job.id, entry);
    enqueue(entry);
  }

  function enqueue(entry: Entry): void {
    queue = queue.then(() => work(entry));
  }

  async function create(body: CreateJobBody): Promise<Job> {
    const base = await findBase(body.baseModel ?? body.model);
    const chosen = chooseContributions(await deps.contributions(), body);
    const model = await deps.engine.base();
    const { contributions: loaded, dataset } = await checkData({
      store: deps.store,
      contributions: await Promise.all(chosen.map((one) => loadContribution(deps.store, one))),
      named: body.contributions,
      permission: (datanet) => deps.permission(datanet, body.trainer),
      countTokens: (text) => model.tokenizer.encode(text).length,
    });
    const licence = body.licence ?? commonLicence(loaded);
    const datanets = [...new Set(loaded.map(({ datanet }) => datanet))].toSorted((a, b) => a - b);
    const manifest = planRun(model, loaded, body);
    const runId = hashManifest(manifest);
    const id = `ftjob-${runId.slice(2, 26)}`;
    const existing = jobs.get(id);
    // The same manifest gives the same bits: asking twice is asking once.
    if (existing !== undefined) return retryIfEnded(existing);
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
      contributions: loaded.map((one) => one.id),
      dataset,
      licence,
      settings: body.settings,
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
    const entry: Entry = { job, events: [], files, waiting: new Set() };
    jobs.set(id, entry);
    await setStatus(entry, deps.now(), 'queued', { openRun: job.openRun });
    enqueue(entry);
    return job;
  }

  async function retryIfEnded(entry: Entry): Promise<Job> {
    if (entry.job.status !== 'failed' && entry.job.status !== 'cancelled') return entry.job;
    entry.job.error = null;
    await setStatus(entry, deps.now(), 'queued');
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

  /** Takes a job's turn, unless it was paused or came to its end while it waited. */
  async function work(entry: Entry): Promise<void> {
    if (closed || entry.job.status === 'paused' || isOver(entry.job)) return;
    const stop = new AbortController();
    const ended = attempt(entry, stop.signal);
    entry.active = { stop: (reason: StopReason) => stop.abort(reason), ended };
    await ended;
    entry.active = undefined;
  }

  async function attempt(entry: Entry, signal: AbortSignal): Promise<void> {
    const { job } = entry;
    try {
      await runJob(deps, entry, signal);
      const { adapterHash, metrics } = job.result ?? {};
      deps.log.info({ job: job.id, adapter: adapterHash, seconds: metrics?.seconds }, 'trained an adapter');
    } catch (error) {
      if (signal.aborted) {
        if (signal.reason === 'pause') await setStatus(entry, deps.now(), 'paused');
        if (signal.reason === 'cancel') await setStatus(entry, deps.now(), 'cancelled');
        return;
      }
      deps.log.error({ job: job.id, err: error }, 'a training job failed');
      const message = error instanceof NodeError ? `${error.message} ${error.hint}` : describe(error);
      const failed = { status: 'failed' as const, finished_at: deps.now(), error: { message } };
      await emit(entry, deps.now(), 'error', { message }, failed);
    }
  }

  /** Stops a job that runs or waits. When it comes to its end first, that is what happened. */
  async function halt(id: string, reason: 'pause' | 'cancel', status: 'paused' | 'cancelled'): Promise<Job> {
    const entry = entryOf(id);
    const { job } = entry;
    if (isOver(job) || job.status === status) throw wrongStatus(job, `cannot be ${status}`);
    if (entry.active === undefined) await setStatus(entry, deps.now(), status);
    else {
      entry.active.stop(reason);
      await entry.active.ended;
    }
    return job;
  }

  async function resume(id: string): Promise<Job> {
    const entry = entryOf(id);
    if (entry.job.status !== 'paused') throw wrongStatus(entry.job, 'cannot be resumed');
    await setStatus(entry, deps.now(), 'queued');
    enqueue(entry);
    return entry.job;
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
    waitForEvents: (id, after, signal) => waitForEvents(entryOf(id), after, signal),
    cancel: (id) => halt(id, 'cancel', 'cancelled'),
    pause: (id) => halt(id, 'pause', 'paused'),
    resume,
    async close() {
      closed = true;
      for (const { active } of jobs.values()) active?.stop('close');
      for (const { waiting } of jobs.values()) for (const wake of waiting) wake();
      await queue;
    },
  };
}

/** The manifest of a job. Data or settings that make no run are the caller's to change. */
function planRun(
  base: BaseModel,
  loaded: readonly LoadedContribution[],
  body: CreateJobBody,
): TrainingManifest {
  const contributions = loaded.map(({ datanet, asset, bytes }) => ({
    datanet,
    asset,
    contentHash: keccak(bytes),
    weight: body.weights[datanet],
  }));
  try {
    return createManifest({
      base,
      contributions,
      rows: rowsOf(loaded),
      settings: settingsFrom(body.settings),
    });
  } catch (error) {
    const why = error instanceof ZodError ? prettifyError(error) : describe(error);
    throw new NodeError(
      'bad_request',
      `This run cannot be made: ${why}`,
      'Change its settings or its data.',
      {
        cause: error,
      },
    );
  }
}

function wrongStatus(job: Job, what: string): NodeError {
  return new NodeError(
    'bad_request',
    `The job ${job.id} is ${job.status}; it ${what}.`,
    'GET /v1/fine_tuning/jobs/{id} tells its status.',
  );
}
