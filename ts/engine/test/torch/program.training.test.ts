/** Needs a Python with ts/engine/torch/requirements.txt, named by OPENLEDGER_PYTHON; skipped without one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lossFromBits, type StepRecord } from '@openledger/sdk/protocol/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEmbeddedEngine } from '../../src/cluster/embedded.ts';
import { createSubprocessEngine } from '../../src/cluster/subprocess.ts';
import type { EngineEvent, TrainEngine, TrainEngineOptions } from '../../src/cluster/train-engine.ts';
import { loadBase } from '../../src/model/base.ts';
import { decodeStepLog, encodeStepLog } from '../../src/training/checkpoint.ts';
import type { TrainingManifest } from '../../src/training/manifest.ts';
import type { FineTuneSettings } from '../../src/training/presets.ts';
import { writeRunFolder } from '../../src/training/run-folder.ts';
import { NATIVE_TOLERANCE } from '../../src/training/verify.ts';
import { tinyBase, tinyManifest } from '../tiny-base.ts';
import { writeTinyBase } from '../tiny-folder.ts';
import { caseManifest, TORCH_CHECK, TORCH_PROGRAM, torchCases, torchEngine, torchRows } from './cases.ts';
import { families, writeFamily } from './families.ts';

const python = process.env.OPENLEDGER_PYTHON;
const directory = mkdtempSync(join(tmpdir(), 'openledger-torch-'));
const base = join(directory, 'base');
beforeAll(() => writeTinyBase(base));
afterAll(() => rmSync(directory, { recursive: true }));

const newFolder = async (manifest: TrainingManifest) => {
  const folder = mkdtempSync(join(directory, 'run-'));
  await writeRunFolder(folder, manifest, torchRows);
  return folder;
};

/** Carries a run out as far as it goes. */
async function carry(
  engine: TrainEngine,
  folder: string,
  options: TrainEngineOptions & { onEvent?: (event: EngineEvent) => void; model?: string } = {},
): Promise<{ events: EngineEvent[]; error?: string }> {
  const { onEvent, model = base, ...rest } = options;
  const events: EngineEvent[] = [];
  try {
    for await (const event of engine.train({ folder, base: model }, { checkpointEvery: 4, ...rest })) {
      events.push(event);
      onEvent?.(event);
    }
    return { events };
  } catch (error) {
    return { events, error: (error as Error).message };
  }
}

/** The same data to the byte, and losses within the tolerance. */
function expectSame(found: readonly StepRecord[], wanted: readonly StepRecord[]): void {
  expect(found.map(({ batchHash }) => batchHash)).toEqual(wanted.map(({ batchHash }) => batchHash));
  found.forEach(({ lossBits }, i) => {
    const error = lossFromBits(lossBits) / lossFromBits(wanted[i].lossBits) - 1;
    expect(Math.abs(error)).toBeLessThan(NATIVE_TOLERANCE);
  });
}

/** Trains every weight. */
const WHOLE = { mode: 'full', learningRate: { warmup: 2, peak: 0.002, floor: 0.1 } } as const;

const logOf = (folder: string) => readFileSync(join(folder, 'run/steps.jsonl'), 'utf8');
const recordsOf = (folder: string): StepRecord[] => decodeStepLog(logOf(folder));

describe.skipIf(python === undefined)('The torch program', { timeout: 240_000 }, () => {
  for (const name of Object.keys(torchCases)) {
    it(`trains what the engine trains: ${name}`, async () => {
      const manifest = await caseManifest(base, name);
      const [own, torch] = [await newFolder(manifest), await newFolder(manifest)];
      const ours = await carry(createEmbeddedEngine(), own);
      const theirs = await carry(torchEngine()!, torch);
      expect(theirs.error).toBeUndefined();
      expect(theirs.events.map(({ type }) => type)).toEqual(ours.events.map(({ type }) => type));
      expect(theirs.events.at(-1)).toEqual(ours.events.at(-1));
      expectSame(recordsOf(torch), recordsOf(own));
    });
  }

  for (const family of Object.keys(families) as (keyof typeof families)[]) {
    it(`computes what the engine computes with models and tokenizers like ${family}`, async () => {
      const own = join(directory, family);
      writeFamily(own, family);
      for (const changes of [{ quantization: 'q4' }, WHOLE] satisfies Partial<FineTuneSettings>[]) {
        const manifest = tinyManifest(await loadBase(own), 'native', { epochs: 2, ...changes }, torchRows);
        const [ours, theirs] = [await newFolder(manifest), await newFolder(manifest)];
        expect((await carry(createEmbeddedEngine(), ours, { model: own })).error).toBeUndefined();
        expect((await carry(torchEngine()!, theirs, { model: own })).error).toBeUndefined();
        expectSame(recordsOf(theirs), recordsOf(ours));
      }
    });
  }

  it('goes on to the same bits after kill -9 at any moment, and after it was told to stop', async () => {
    const manifest = await caseManifest(base, 'lora');
    const undisturbed = await newFolder(manifest);
    await carry(torchEngine()!, undisturbed);
    const folder = await newFolder(manifest);
    const pidFile = join(directory, 'pid');
    const shell = ['/bin/sh', '-c', `echo $$ > ${pidFile}; exec "$@"`, 'sh', python!, TORCH_PROGRAM];
    for (const [type, step] of [
      ['start', undefined],
      ['step', 6],
      ['checkpoint', 12],
    ] as const) {
      const { error } = await carry(createSubprocessEngine(shell), folder, {
        onEvent: (event) => {
          if (event.type === type && (event.type === 'start' || event.step === step))
            process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
        },
      });
      expect(error).toContain('was killed by SIGKILL');
    }
    const stop = new AbortController();
    const stopped = await carry(torchEngine()!, folder, {
      signal: stop.signal,
      onEvent: ({ type }) => type === 'start' && stop.abort(new Error('paused')),
    });
    expect(stopped.error).toBe('paused');
    const { events } = await carry(torchEngine()!, folder);
    // The last step that it took before it stopped was saved.
    expect(events[0]).toMatchObject({ fromStep: expect.toSatisfy((step: number) => step >= 12) });
    expect(events.at(-1)).toMatchObject({ type: 'end' });
    expect(logOf(folder)).toBe(logOf(undisturbed));
    const told = readFileSync(join(folder, 'run/events.jsonl'), 'utf8').trim().split('\n');
    const steps = told.map((line) => JSON.parse(line)).filter(({ type }) => type === 'step');
    expect(steps.map(({ step }) => step)).toEqual(recordsOf(folder).map(({ step }) => step));
  });

  it('checks a run by itself, and finds a forged step', async () => {
    const folder = await newFolder(await caseManifest(base, 'qlora'));
    await carry(createEmbeddedEngine(), folder, { checkpointEvery: 8 });
    const check = () => {
      const args = [TORCH_CHECK, folder, base, '--steps', '3'];
      const { stdout, stderr, status } = spawnSync(python!, args, { encoding: 'utf8' });
      const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
      return { status, stderr, found: lines.map((line) => JSON.parse(line)) };
    };
    const found = [8, 16, 24].map((step) => ({ step, ok: true }));
    expect(check()).toMatchObject({ status: 0, found });
    const records = recordsOf(folder);
    records[15] = { ...records[15], lossBits: records[15].lossBits + 2 ** 14 };
    writeFileSync(join(folder, 'run/steps.jsonl'), encodeStepLog(records));
    expect(check()).toMatchObject({ status: 1, found: [{ ok: true }, { ok: false }, { ok: true }] });
  });

  it('goes on with what the engine began, and the engine with what it began', async () => {
    const manifest = await caseManifest(base, 'qlora');
    const folder = await newFolder(manifest);
    let engines = [createEmbeddedEngine(), torchEngine()!];
    for (const until of [5, 13, 24]) {
      const stop = new AbortController();
      const { events, error } = await carry(engines[0], folder, {
        signal: stop.signal,
        onEvent: (event) => event.type === 'step' && event.step === until && stop.abort(new Error('next')),
      });
      expect(error ?? events.at(-1)?.type).toBe(until < 24 ? 'next' : 'end');
      engines = engines.reverse();
    }
    expect(recordsOf(folder)).toHaveLength(24);
  });

  it('names bfloat16 wherever a run is described, and does not go on in another arithmetic', async () => {
    const folder = await newFolder(await caseManifest(base, 'lora'));
    const flags = ['--compute', 'bfloat16', '--gradient-checkpointing'];
    const { events } = await carry(torchEngine(...flags)!, folder);
    expect(events[0]).toMatchObject({ machine: { class: expect.stringMatching(/^torch-\S+ bfloat16 /) } });
    expect(events.at(-1)).toMatchObject({ type: 'end' });
    expect(readFileSync(join(folder, 'result/README.md'), 'utf8')).toContain(' bfloat16 ');
    expect((await carry(torchEngine()!, folder)).error).toContain('begun with --compute bfloat16');
  });

  it('refuses what it cannot carry out, in words', async () => {
    const manifest = await caseManifest(base, 'lora');
    const exact = await newFolder({ ...manifest, runtime: { ...manifest.runtime, profile: 'exact' } });
    expect((await carry(torchEngine()!, exact)).error).toContain('Start it with --profile native');
    const altered = await newFolder(manifest);
    writeFileSync(join(altered, 'rows.jsonl'), `${JSON.stringify(torchRows[0])}\n`);
    expect((await carry(torchEngine()!, altered)).error).toContain('The rows are not those of the manifest');
    const other = await newFolder(tinyManifest(tinyBase(), 'native', {}, torchRows));
    expect((await carry(torchEngine()!, other)).error).toContain('made for another base model');
    expect((await carry(torchEngine()!, await newFolder(manifest), { device: 'cuda' })).error).toMatch(
      /cuda/,
    );
  });
});
