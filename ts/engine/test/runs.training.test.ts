import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAdapter } from '../src/adapter/peft.ts';
import { createEmbeddedEngine } from '../src/cluster/embedded.ts';
import { createSubprocessEngine, PROGRAM } from '../src/cluster/subprocess.ts';
import type { EngineEvent, TrainEngine, TrainEngineOptions } from '../src/cluster/train-engine.ts';
import { type BaseModel, loadBase } from '../src/model/base.ts';
import { runIdOf, type TrainingManifest } from '../src/training/manifest.ts';
import {
  carryOut,
  createRun,
  findRun,
  followRun,
  listRuns,
  type Run,
  stopRun,
} from '../src/training/runs.ts';
import { hashFloats } from '../src/training/stepper.ts';
import { tinyManifest, tinyRows } from './tiny-base.ts';
import { writeTinyBase } from './tiny-folder.ts';

const directory = mkdtempSync(join(tmpdir(), 'openledger-runs-'));
afterAll(() => rmSync(directory, { recursive: true }));
const baseFolder = join(directory, 'base');

let base: BaseModel;
let manifest: TrainingManifest;
/** What an undisturbed run leaves behind. */
let reference: { steps: string; weights: string; events: EngineEvent[] };
beforeAll(async () => {
  writeTinyBase(baseFolder);
  base = await loadBase(baseFolder);
  manifest = tinyManifest(base, 'native');
  const run = await newRun('reference');
  const { events } = await carry(run, createEmbeddedEngine());
  reference = { ...(await outcomeOf(run)), events };
}, 120_000);

/** A run in a directory of its own, so that the same manifest can be carried out several times. */
function newRun(name: string): Promise<Run> {
  return createRun(join(directory, name), {
    manifest,
    rows: tinyRows,
    base: baseFolder,
    name,
    engine: 'embedded',
  });
}

async function carry(
  run: Run,
  engine: TrainEngine,
  options: TrainEngineOptions & { onEvent?: (event: EngineEvent) => void } = {},
): Promise<{ run: Run; events: EngineEvent[] }> {
  const events: EngineEvent[] = [];
  const running = carryOut(run, engine, { checkpointEvery: 2, ...options });
  for (;;) {
    const next = await running.next();
    if (next.done) return { run: next.value, events };
    events.push(next.value);
    options.onEvent?.(next.value);
  }
}

async function outcomeOf({ folder }: Run) {
  const adapter = await readAdapter(join(folder, 'result'), base.config);
  return {
    steps: readFileSync(join(folder, 'run/steps.jsonl'), 'utf8'),
    weights: hashFloats(adapter.weights),
  };
}

describe('A run', () => {
  it('is its manifest: made twice it is one, found by id, by its first digits and by name', async () => {
    const run = await newRun('found');
    expect(run.id).toBe(runIdOf(manifest));
    expect(await newRun('found')).toEqual(run);
    const parent = join(directory, 'found');
    expect(await listRuns(parent)).toHaveLength(1);
    for (const text of [run.id, run.id.slice(2, 12), 'found'])
      expect((await findRun(parent, text)).id).toBe(run.id);
    await expect(findRun(parent, 'ffff')).rejects.toThrow('There is no run');
  });

  it('leaves an adapter in PEFT layout with a model card, and its log of events', async () => {
    const run = (await listRuns(join(directory, 'reference')))[0];
    expect(run).toMatchObject({ status: 'succeeded', resultStep: manifest.steps });
    expect(readFileSync(join(run.folder, 'result/README.md'), 'utf8')).toContain('library_name: peft');
    const told: unknown[] = [];
    for await (const event of followRun(run)) told.push(event);
    expect(told).toEqual(reference.events.filter(({ type }) => type !== 'end'));
  });

  it('is paused from elsewhere without losing a step, goes on to the same bits, and cannot be stopped after its end', async () => {
    const run = await newRun('paused');
    let stopped: Promise<Run> | undefined;
    const first = await carry(run, slowly(createEmbeddedEngine()), {
      onEvent: (event) => {
        if (event.type === 'step' && event.step === 3) stopped = stopRun(run, 'pause');
      },
    });
    expect(first.run.status).toBe('paused');
    expect((await stopped)?.status).toBe('paused');
    const steps = first.events.filter(({ type }) => type === 'step').length;
    expect(steps).toBeLessThan(manifest.steps);
    const second = await carry(run, createEmbeddedEngine());
    expect(second.events[0]).toMatchObject({ type: 'start', fromStep: steps });
    expect(await outcomeOf(run)).toMatchObject({ steps: reference.steps, weights: reference.weights });
    await expect(stopRun(second.run, 'cancel')).rejects.toThrow('succeeded');
  });

  it('is cancelled while nobody works on it', async () => {
    const run = await newRun('cancelled');
    expect((await stopRun(run, 'cancel')).status).toBe('cancelled');
  });

  it('is worked on by one process at a time', async () => {
    const run = await newRun('locked');
    const running = carryOut(run, createEmbeddedEngine());
    await running.next();
    await expect(carryOut(run, createEmbeddedEngine()).next()).rejects.toThrow('Another process');
    await running.return(run);
  });
});

describe('The subprocess engine', () => {
  /** A program that writes its process id down before it becomes the trainer. */
  const pidFile = join(directory, 'pid');
  const command = ['/bin/sh', '-c', `echo $$ > ${pidFile}; exec "$@"`, 'sh', ...PROGRAM];

  it('goes on to the same bits after kill -9 at any moment', async () => {
    const run = await newRun('killed');
    const engine = createSubprocessEngine(command);
    // After its start, between checkpoints, and as a checkpoint is told of.
    for (const [type, step] of [
      ['start', undefined],
      ['step', 3],
      ['checkpoint', 6],
    ] as const) {
      const killed = carry(run, engine, {
        onEvent: (event) => {
          if (event.type === type && (event.type === 'start' || event.step === step))
            process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
        },
      });
      await expect(killed).rejects.toThrow('was killed by SIGKILL');
    }
    const { run: ended } = await carry(run, engine);
    expect(ended.status).toBe('succeeded');
    expect(await outcomeOf(run)).toMatchObject({ steps: reference.steps, weights: reference.weights });
    const steps: number[] = [];
    for await (const event of followRun(run)) if (event.type === 'step') steps.push(event.step);
    expect(steps).toEqual(Array.from({ length: manifest.steps }, (_, i) => i + 1));
  });

  it('stops its program when it is told to', async () => {
    const run = await newRun('stopped');
    const stop = new AbortController();
    const { run: paused } = await carry(run, createSubprocessEngine(command), {
      signal: stop.signal,
      onEvent: ({ type }) => type === 'start' && stop.abort(),
    });
    expect(paused.status).toBe('paused');
  });

  it('says what a program that fails said, and refuses one that cannot be started', async () => {
    const failing = createSubprocessEngine(['/bin/sh', '-c', 'echo "out of memory" >&2; exit 3']);
    await expect(carry(await newRun('failing'), failing)).rejects.toThrow(/exited with 3 .* out of memory/);
    const missing = createSubprocessEngine(['/nowhere/program']);
    await expect(carry(await newRun('missing'), missing)).rejects.toThrow('ENOENT');
    expect((await newRun('missing')).status).toBe('failed');
  });
});

/** Gives others time to ask for something between two events. */
function slowly(engine: TrainEngine): TrainEngine {
  return {
    name: engine.name,
    async *train(job, options) {
      for await (const event of engine.train(job, options)) {
        yield event;
        await new Promise((done) => setTimeout(done, 150));
      }
    },
  };
}
