import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSchema } from '@openledger/sdk/protocol/store';
import { z } from 'zod';
import type { EngineEvent, TrainEngine, TrainEngineOptions } from '../cluster/train-engine.ts';
import { writeFileAtomic } from '../files/atomic.ts';
import { isLocked, lockFolder } from '../files/lock.ts';
import { readEvents } from './event-log.ts';
import { runIdOf, type TrainingManifest } from './manifest.ts';
import type { Row } from './rows.ts';
import type { RunEvent } from './run.ts';
import { RUN_FILES, writeRunFolder } from './run-folder.ts';

/** What is kept of a run besides its files. `running` without a process that runs it means that it was cut off. */
const stateSchema = z.object({
  id: hashSchema,
  name: z.string(),
  /** Folder of the base model. */
  base: z.string(),
  /** Which engine carries it out, in the words of who started it. */
  engine: z.string(),
  status: z.enum(['created', 'running', 'paused', 'succeeded', 'failed', 'cancelled']),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  steps: z.number().int(),
  profile: z.enum(['native', 'exact']),
  /** The step whose weights are the result. */
  resultStep: z.number().int().optional(),
  error: z.string().optional(),
});
type StoredState = z.infer<typeof stateSchema>;

/** A run as it is now. */
export type Run = Omit<StoredState, 'status'> & {
  /** `interrupted`: its process is gone; starting it goes on from the last checkpoint. */
  readonly status: StoredState['status'] | 'interrupted';
  readonly folder: string;
};

export type NewRun = {
  readonly manifest: TrainingManifest;
  readonly rows: readonly Row[];
  readonly base: string;
  readonly name: string;
  readonly engine: string;
};

/** What a running process is asked to do, by a file in the run's folder. */
type Request = 'pause' | 'cancel';
const REQUEST_FILE = 'request';
const STATE_FILE = 'run.json';
/** Milliseconds between looks for a request or for new events. */
const POLL = 250;

/** Writes a run down. A run that is known stays as it is: the same manifest is the same run. */
export async function createRun(directory: string, options: NewRun): Promise<Run> {
  const { manifest, rows, base, name, engine } = options;
  const id = runIdOf(manifest);
  const folder = join(directory, id.slice(2));
  const known = await readRun(folder);
  if (known !== undefined) return known;
  await writeRunFolder(folder, manifest, rows);
  await writeState(folder, {
    id,
    name,
    base,
    engine,
    status: 'created',
    createdAt: Date.now(),
    steps: manifest.steps,
    profile: manifest.runtime.profile,
  });
  return (await readRun(folder))!;
}

/** All runs in a directory, the newest first. */
export async function listRuns(directory: string): Promise<Run[]> {
  const names = await readdir(directory).catch(() => []);
  const runs = await Promise.all(names.map((name) => readRun(join(directory, name))));
  return runs.filter((run) => run !== undefined).sort((a, b) => b.createdAt - a.createdAt);
}

/** The run whose id, name or first digits of the id these are. */
export async function findRun(directory: string, text: string): Promise<Run> {
  const digits = text.replace(/^0x/, '').toLowerCase();
  const runs = await listRuns(directory);
  const found = runs.filter(
    ({ id, name }) => name === text || (digits !== '' && id.startsWith(`0x${digits}`)),
  );
  if (found.length === 1) return found[0];
  throw new Error(
    found.length === 0
      ? `There is no run ${text} in ${directory}. \`openledger run list\` lists them.`
      : `"${text}" may be any of ${found.map(({ id }) => id.slice(0, 18)).join(', ')}. Give more digits.`,
  );
}

/** A run's state as it is now. */
export async function readRun(folder: string): Promise<Run | undefined> {
  const text = await readFile(join(folder, STATE_FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const state = stateSchema.parse(JSON.parse(text));
  const isCutOff = state.status === 'running' && !(await isLocked(folder));
  return { ...state, status: isCutOff ? 'interrupted' : state.status, folder };
}

/**
 * Carries a run out, or on, until it ends, is paused or cancelled, and yields its events. A process that is killed
 * loses the steps since the last checkpoint and nothing else.
 */
export async function* carryOut(
  run: Pick<Run, 'folder'>,
  engine: TrainEngine,
  options: TrainEngineOptions = {},
): AsyncGenerator<EngineEvent, Run> {
  const { folder } = run;
  const lock = await lockFolder(folder);
  if (lock === undefined)
    throw new Error('Another process is working on this run. Follow it with `run events`.');
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const state = stateSchema.parse(JSON.parse(await readFile(join(folder, STATE_FILE), 'utf8')));
  if (state.status === 'succeeded') {
    await lock.release();
    return (await readRun(folder))!;
  }
  await rm(join(folder, REQUEST_FILE), { force: true });
  await writeState(folder, { ...state, status: 'running', error: undefined });
  const timer = setInterval(async () => {
    const request = await readRequest(folder);
    if (request !== undefined) stop.abort(request);
  }, POLL);
  timer.unref();
  try {
    const { base } = state;
    let resultStep: number | undefined;
    for await (const event of engine.train({ folder, base }, { ...options, signal })) {
      if (event.type === 'end') resultStep = event.step;
      yield event;
    }
    await writeState(folder, { ...state, status: 'succeeded', resultStep, error: undefined });
  } catch (error) {
    const status = signal.aborted ? (stop.signal.reason === 'cancel' ? 'cancelled' : 'paused') : 'failed';
    const message = error instanceof Error ? error.message : String(error);
    await writeState(folder, { ...state, status, error: status === 'failed' ? message : undefined });
    if (status === 'failed') throw error;
  } finally {
    clearInterval(timer);
    await rm(join(folder, REQUEST_FILE), { force: true });
    await lock.release();
  }
  return (await readRun(folder))!;
}

/** Pauses or cancels a run, wherever its process is, and waits until it has stopped. */
export async function stopRun(run: Run, request: Request): Promise<Run> {
  const { folder } = run;
  const state = stateSchema.parse(JSON.parse(await readFile(join(folder, STATE_FILE), 'utf8')));
  if (['succeeded', 'failed', 'cancelled'].includes(state.status)) {
    throw new Error(`The run ${run.name} is ${state.status}; there is nothing to ${request}.`);
  }
  if (!(await isLocked(folder))) {
    await writeState(folder, { ...state, status: request === 'pause' ? 'paused' : 'cancelled' });
    return (await readRun(folder))!;
  }
  await writeFileAtomic(join(folder, REQUEST_FILE), request);
  while (await isLocked(folder)) await new Promise((done) => setTimeout(done, POLL));
  return (await readRun(folder))!;
}

/** The events of a run so far; with a signal also those to come, until the run stops or the signal aborts. */
export async function* followRun(run: Pick<Run, 'folder'>, signal?: AbortSignal): AsyncGenerator<RunEvent> {
  const work = join(run.folder, RUN_FILES.work);
  let told = 0;
  for (;;) {
    const isOver = signal === undefined || signal.aborted || !(await isLocked(run.folder));
    const events = await readEvents<RunEvent>(work);
    // A run that went on from a checkpoint has taken back what came after it.
    for (; told < events.length; told += 1) yield events[told];
    if (isOver) return;
    await new Promise((done) => setTimeout(done, POLL));
  }
}

async function readRequest(folder: string): Promise<Request | undefined> {
  const text = await readFile(join(folder, REQUEST_FILE), 'utf8').catch(() => undefined);
  return text === 'pause' || text === 'cancel' ? text : undefined;
}

async function writeState(folder: string, state: StoredState): Promise<void> {
  await writeFileAtomic(join(folder, STATE_FILE), `${JSON.stringify(state, null, 2)}\n`);
}
