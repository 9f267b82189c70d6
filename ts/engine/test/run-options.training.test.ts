import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { baseLayout, loraLayout } from '../src/llama/parameters.ts';
import { checkpointPath } from '../src/training/checkpoint.ts';
import { bestOf } from '../src/training/evaluation.ts';
import { readEvents } from '../src/training/event-log.ts';
import type { TrainingManifest } from '../src/training/manifest.ts';
import type { FineTuneSettings } from '../src/training/presets.ts';
import type { Row } from '../src/training/rows.ts';
import { type RunEvent, type RunResult, type TrainOptions, trainModel } from '../src/training/run.ts';
import { hashFloats } from '../src/training/stepper.ts';
import { verifyStep } from '../src/training/verify.ts';
import { tinyBase, tinyManifest, tinyRows } from './tiny-base.ts';

const base = tinyBase();
const directory = mkdtempSync(join(tmpdir(), 'openledger-runs-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Rows of two datanets, of which a seed keeps some for measuring. */
const rows: readonly Row[] = [
  ...tinyRows,
  ...tinyRows.map((row) => ({ ...row, asset: 8, text: `${row.text} So it is told.` })),
];
const MEASURED = { share: 0.35, seed: 1 };

async function train(
  manifest: TrainingManifest,
  options: Partial<TrainOptions> = {},
): Promise<RunResult & { events: RunEvent[] }> {
  const events: RunEvent[] = [];
  for await (const event of trainModel({ base, manifest, rows: tinyRows, ...options })) {
    if (event.type === 'done') return { ...event, events };
    events.push(event);
  }
  throw new Error('The run ended without a result.');
}

const native = (changes: Partial<FineTuneSettings>, data: readonly Row[] = rows) =>
  tinyManifest(base, 'native', changes, data);

describe('A run in the exact profile', () => {
  it('gives the same bits with 1, 2 and 4 threads when its rows are packed', async () => {
    const manifest = tinyManifest(base, 'exact', {
      epochs: 3,
      batches: { batch: 1, accumulation: 1, lengths: [64], seed: 5, packing: 'simple' },
    });
    expect(manifest.steps).toBeLessThan(3 * tinyRows.length);
    const one = await train(manifest, { threads: 1 });
    for (const threads of [2, 4]) {
      const other = await train(manifest, { threads });
      expect(other.records).toEqual(one.records);
      expect(hashFloats(other.secondMoment)).toBe(hashFloats(one.secondMoment));
    }
  });
});

describe('Measuring', () => {
  it('does not change a bit of the weights, however often it is done', async () => {
    const rare = await train(native({ evaluation: MEASURED }), { rows });
    const often = await train(native({ evaluation: { ...MEASURED, every: 1 } }), { rows });
    expect(often.records).toEqual(rare.records);
    expect(rare.evaluations.map(({ step }) => step)).toEqual([0, rare.records.length]);
    expect(often.evaluations).toHaveLength(often.records.length + 1);
    expect(often.evaluations.at(-1)).toEqual(rare.evaluations.at(-1));
  });

  it('tells the perplexity of each datanet, as the loss of the kept rows alone', async () => {
    const { evaluations } = await train(native({ evaluation: MEASURED }), { rows });
    const [before, after] = evaluations;
    expect(before.datanets.map(({ datanet }) => datanet)).toEqual([1, 2]);
    // A model of random weights is about as good as guessing among its 320 tokens.
    for (const { perplexity } of before.datanets) {
      expect(perplexity).toBeGreaterThan(200);
      expect(perplexity).toBeLessThan(600);
    }
    expect(after.loss).toBeLessThan(before.loss);
    const tokens = before.datanets.reduce((sum, one) => sum + one.tokens, 0);
    const mean = before.datanets.reduce((sum, one) => sum + one.loss * one.tokens, 0) / tokens;
    expect(before.loss).toBeCloseTo(mean, 12);
    expect(before.perplexity).toBeCloseTo(Math.exp(mean), 8);
  });

  it('keeps the best weights and stops when they get no better, also after an interruption', async () => {
    // Far too high a learning rate: the loss rises after a few steps.
    const manifest = native({
      epochs: 20,
      learningRate: { warmup: 2, peak: 1, floor: 1 },
      evaluation: { ...MEASURED, every: 2, patience: 3, keep: 'best' },
    });
    const checkpointDir = join(directory, 'best');
    const whole = await train(manifest, { rows, checkpointDir, checkpointEvery: 5, keepCheckpoints: 1 });
    const trained = whole.evaluations.filter(({ step }) => step > 0);
    expect(whole.records.length).toBeLessThan(manifest.steps);
    expect(whole.step).toBe(bestOf(trained)?.step);
    expect(whole.records[whole.step - 1].weightsHash).toBe(hashFloats(whole.parameters));
    expect(whole.evaluations).toHaveLength(whole.evaluations.indexOf(bestOf(whole.evaluations)!) + 4);
    const kept = readdirSync(checkpointDir).filter((name) => name.endsWith('.safetensors'));
    const steps = [...new Set([whole.step, whole.records.length])];
    expect(kept.sort()).toEqual(steps.map((step) => checkpointPath('', step)).sort());

    const again = join(directory, 'best-again');
    const stop = new AbortController();
    const cut = (async () => {
      for await (const event of trainModel({
        base,
        manifest,
        rows,
        checkpointDir: again,
        checkpointEvery: 5,
        signal: stop.signal,
      }))
        if (event.type === 'step' && event.step === whole.step + 1) stop.abort(new Error('enough'));
    })();
    await expect(cut).rejects.toThrow('enough');
    const resumed = await train(manifest, { rows, checkpointDir: again, checkpointEvery: 5 });
    expect(resumed.events[0]).toMatchObject({ type: 'start', fromStep: whole.step + 1 });
    expect(resumed.records).toEqual(whole.records);
    expect(resumed.evaluations).toEqual(whole.evaluations);
    expect(hashFloats(resumed.parameters)).toBe(hashFloats(whole.parameters));
    // The log tells each step once, whatever was repeated.
    const told = (await readEvents<RunEvent>(again)).flatMap((one) =>
      one.type === 'step' ? [one.step] : [],
    );
    expect(told).toEqual(whole.records.map(({ step }) => step));
  });
});

describe('A run that trains the whole model', () => {
  it('starts at the base model, moves every weight and lowers the loss; norms do not decay', async () => {
    const manifest = native(
      {
        mode: 'full',
        epochs: 6,
        learningRate: { warmup: 2, peak: 0.03, floor: 0.1 },
      },
      tinyRows,
    );
    expect(manifest.lora).toBeUndefined();
    const { parameters, events, records } = await train(manifest);
    expect(parameters).toHaveLength(baseLayout(base.config).size);
    const losses = events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
    expect(losses.at(-1)! + losses.at(-2)!).toBeLessThan(0.8 * (losses[0] + losses[1]));
    expect(records.at(-1)!.weightsHash).toBe(hashFloats(parameters));
    const still = await train(
      native({ mode: 'full', epochs: 1, learningRate: { warmup: 0, peak: 1e-30, floor: 1 } }, tinyRows),
    );
    expect(hashFloats(still.parameters)).toBe(hashFloats(base.weights));
  });
});

describe('Packing', () => {
  const whole = { batch: 1, accumulation: tinyRows.length, lengths: [24, 40, 64], seed: 5 };

  it('by documents trains as if each row were alone; simple packing does not', async () => {
    const alone = await train(native({ epochs: 3, batches: whole }, tinyRows));
    const packed = async (packing: 'simple' | 'documents') =>
      train(native({ epochs: 3, batches: { ...whole, accumulation: 4, lengths: [96], packing } }, tinyRows));
    const masked = await packed('documents');
    const open = await packed('simple');
    expect(masked.records).toHaveLength(3);
    const distance = (a: Float32Array, b: Float32Array) =>
      Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));
    // Another order of additions moves the last bits, and Adam's first steps magnify where a gradient is near zero.
    expect(distance(masked.parameters, alone.parameters)).toBeLessThan(
      0.1 * distance(open.parameters, alone.parameters),
    );
    const losses = (run: typeof alone) =>
      run.events.flatMap((one) => (one.type === 'step' ? [one.loss] : []));
    expect(losses(masked)[0]).toBeCloseTo(losses(alone)[0], 5);
    expect(Math.abs(losses(open)[0] - losses(alone)[0])).toBeGreaterThan(1e-3);
  });
});

describe('LoRA on some layers of a base in four bits', () => {
  it('trains the named layers only, and differs from training beside float32 weights', async () => {
    const lora = {
      rank: 2,
      alpha: 4,
      rankStabilised: true,
      initScale: 1,
      seed: 1,
      targets: ['q_proj', 'down_proj'] as const,
    };
    const quantised = await train(native({ lora, quantization: 'q4' }, tinyRows));
    const whole = await train(native({ lora }, tinyRows));
    expect(quantised.parameters).toHaveLength(loraLayout(base.config, 2, lora.targets).size);
    const losses = (run: typeof whole) =>
      run.events.flatMap((one) => (one.type === 'step' ? [one.loss] : []));
    expect(losses(quantised)[0]).not.toBe(losses(whole)[0]);
    expect(Math.abs(losses(quantised)[0] - losses(whole)[0])).toBeLessThan(0.3);
    expect(losses(quantised).at(-1)!).toBeLessThan(losses(quantised)[0]);
  });
});

describe('Rows of plain text', () => {
  it('are trained on every token, in pieces when they are long', async () => {
    const manifest = native(
      {
        format: 'text',
        epochs: 8,
        batches: { batch: 2, accumulation: 1, lengths: [16], seed: 5, packing: 'simple' },
      },
      tinyRows,
    );
    const { events } = await train(manifest);
    const losses = events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
    expect(losses.at(-1)!).toBeLessThan(losses[0]);
  });
});

describe('A native run', () => {
  const checkpointDir = join(directory, 'native');
  const manifest = native({}, tinyRows);

  it('says which kind of CPU it ran on', async () => {
    const { events } = await train(manifest, { checkpointDir, checkpointEvery: 2 });
    expect(events[0]).toMatchObject({
      type: 'start',
      machine: { class: expect.stringContaining(process.arch) },
    });
  });

  it('is checked step by step within a tolerance, its weights at the next checkpoint', async () => {
    const { records } = await train(manifest, { checkpointDir });
    const read = (step: number) => new Uint8Array(readFileSync(checkpointPath(checkpointDir, step)));
    const options = { base, manifest, rows: tinyRows, checkpoint: read(4) };
    const record = records[4];
    expect(await verifyStep({ ...options, record, after: read(6) })).toMatchObject({
      ok: true,
      lossError: 0,
      weightsError: 0,
    });
    // Another kind of CPU gives other last bits of loss and weights, which are accepted …
    const nearby = { ...record, lossBits: record.lossBits ^ 3, weightsHash: records[0].weightsHash };
    expect(await verifyStep({ ...options, record: nearby })).toMatchObject({ ok: true, sameBits: false });
    // … but not another loss, another batch or other weights.
    const loss = { ...record, lossBits: record.lossBits ^ (1 << 14) };
    expect((await verifyStep({ ...options, record: loss })).ok).toBe(false);
    const batch = { ...record, batchHash: records[5].batchHash };
    expect((await verifyStep({ ...options, record: batch })).ok).toBe(false);
    const { weightsError, ok } = await verifyStep({
      ...options,
      checkpoint: undefined,
      record,
      after: read(6),
    });
    expect({ weightsError, ok }).toEqual({ weightsError: 0, ok: true });
  });
});
