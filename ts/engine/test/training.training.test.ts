import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointPath } from '../src/training/checkpoint.ts';
import { runIdOf } from '../src/training/manifest.ts';
import { type TrainOptions, type TrainResult, trainAdapter } from '../src/training/run.ts';
import { hashFloats } from '../src/training/stepper.ts';
import { verifyStep } from '../src/training/verify.ts';
import { tinyBase, tinyManifest, tinyRows } from './tiny-base.ts';

const base = tinyBase();
const manifest = tinyManifest(base, 'exact');

async function train(options: Partial<TrainOptions> = {}): Promise<TrainResult & { steps: number[] }> {
  const steps: number[] = [];
  for await (const event of trainAdapter({ base, manifest, rows: tinyRows, ...options })) {
    if (event.type === 'step') steps.push(event.step);
    if (event.type === 'done') return { ...event, steps };
  }
  throw new Error('The run ended without a result.');
}

/** Hash of the trained weights, found once. Another CPU must give the same; a changed graph may change it. */
const KNOWN_WEIGHTS = '0x79c4cb9d1bbd063ce3b9d7ee42140afa138d25138ffd2d32b4c5b56dea1b7458';

describe('A training run in the exact profile', () => {
  let directory: string;
  let reference: TrainResult;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'openledger-training-'));
    reference = await train({ threads: 1, checkpointDir: join(directory, 'reference'), checkpointEvery: 2 });
  }, 120_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  it('lowers the loss', () => {
    const losses = reference.records.map(
      ({ lossBits }) => new Float32Array(Uint32Array.of(lossBits).buffer)[0],
    );
    // Two steps read every row once.
    expect(losses[6] + losses[7]).toBeLessThan(losses[0] + losses[1]);
  });

  it('gives the same bits with another number of threads', async () => {
    const again = await train({ threads: 2 });
    expect(again.records).toEqual(reference.records);
    expect(hashFloats(again.secondMoment)).toBe(hashFloats(reference.secondMoment));
  });

  it('gives the bits that it has always given', () => {
    expect(hashFloats(reference.adapter.weights)).toBe(KNOWN_WEIGHTS);
  });

  it('goes on after kill -9 to the same bits', async () => {
    const checkpointDir = join(directory, 'killed');
    const script = fileURLToPath(new URL('./killed-run.ts', import.meta.url));
    const child = spawnSync(process.execPath, [script, checkpointDir, '5']);
    expect(child.signal).toBe('SIGKILL');
    const resumed = await train({ checkpointDir, checkpointEvery: 2 });
    expect(resumed.steps).toEqual([5, 6, 7, 8]);
    expect(resumed.records).toEqual(reference.records);
    expect(hashFloats(resumed.adapter.weights)).toBe(hashFloats(reference.adapter.weights));
    const last = checkpointPath('', 8);
    expect(readFileSync(join(checkpointDir, last))).toEqual(readFileSync(join(directory, 'reference', last)));
  });

  it('is confirmed step by step from its checkpoints', async () => {
    const checkpoint = new Uint8Array(readFileSync(checkpointPath(join(directory, 'reference'), 4)));
    const options = { base, manifest, rows: tinyRows };
    expect((await verifyStep({ ...options, checkpoint, record: reference.records[5] })).ok).toBe(true);
    expect((await verifyStep({ ...options, record: reference.records[0] })).ok).toBe(true);
  });

  it('is refuted when a record was changed', async () => {
    const checkpoint = new Uint8Array(readFileSync(checkpointPath(join(directory, 'reference'), 4)));
    const record = { ...reference.records[4], lossBits: reference.records[4].lossBits ^ 1 };
    const { ok, recomputed } = await verifyStep({ base, manifest, rows: tinyRows, checkpoint, record });
    expect(ok).toBe(false);
    expect(recomputed).toEqual(reference.records[4]);
  });

  it('refuses other rows, another base model and another run’s folder', async () => {
    await expect(train({ rows: tinyRows.slice(1) })).rejects.toThrow('rows are not those');
    await expect(train({ base: { ...base, weightsHash: `0x${'00'.repeat(32)}` } })).rejects.toThrow(
      'another base',
    );
    const other = { ...manifest, lora: { ...manifest.lora!, seed: 99 } };
    expect(runIdOf(other)).not.toBe(runIdOf(manifest));
    await expect(train({ manifest: other, checkpointDir: join(directory, 'reference') })).rejects.toThrow(
      'another run',
    );
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(train({ signal })).rejects.toThrow('enough');
  });
});
