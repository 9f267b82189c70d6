import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BATCH,
  decodeInTwoParts,
  feedsOf,
  flatten,
  GOLDEN_MODELS,
  graphOptions,
  LENGTH,
  readGolden,
  relativeError,
  valuesOf,
} from '../../test/golden.ts';
import { hessianFeeds } from '../audit/hessian.ts';
import { buildHessianGraph } from '../audit/hessian-graph.ts';
import { multiply, reduceSum, reshape, scale, sum } from '../autodiff/elementwise.ts';
import { Tape } from '../autodiff/tape.ts';
import { Graph } from '../onnx/graph.ts';
import type { Profile } from '../runtime/profile.ts';
import { floatsOf, openRuntime, type Runtime } from '../runtime/runtime.ts';
import { adamwStep, createOptimizerState } from '../training/adamw.ts';
import {
  buildTrainingGraph,
  recordLoss,
  type TrainingGraphOptions,
  type TrainingMode,
} from './training-graph.ts';

const profiles: Profile[] = ['native', 'exact'];

describe.each(profiles)('The %s profile', (profile) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime(profile);
  });
  afterAll(() => runtime.close());

  describe.each(GOLDEN_MODELS)('on the %s model', (name) => {
    const golden = readGolden(name);
    const { config, base, adapter } = golden;
    const load = async (mode: TrainingMode, options: Partial<TrainingGraphOptions> = {}) => {
      const { model, layout } = buildTrainingGraph(config, { ...graphOptions(golden, mode), ...options });
      const session = await runtime.createSession(model);
      return { layout, run: (p: Float32Array) => session.run(feedsOf(golden, p)) };
    };
    const closeTo = (actual: Float32Array, expected: Float32Array, bound = 1e-5) =>
      expect(relativeError(actual, expected)).toBeLessThan(bound);

    it('gives the loss and the gradient of every weight that transformers gives', async () => {
      const { run, layout } = await load('full');
      const outputs = await run(base);
      closeTo(floatsOf(outputs.loss), valuesOf(golden, 'loss'));
      closeTo(floatsOf(outputs.g), flatten(golden, layout, 'full'));
    });

    it('gives the gradient of every sample through PEFT’s adapter', async () => {
      const { run, layout } = await load('lora-per-sample');
      const outputs = await run(adapter.weights);
      const rows = floatsOf(outputs.g);
      for (let row = 0; row < BATCH; row += 1) {
        const actual = rows.subarray(row * layout.size, (row + 1) * layout.size);
        closeTo(actual, flatten(golden, layout, `sample${row}`));
        const tokens = floatsOf(outputs.tokenLoss).subarray(row * LENGTH, (row + 1) * LENGTH);
        const loss = Float32Array.of(tokens.reduce((total, value) => total + value, 0));
        closeTo(loss, valuesOf(golden, 'lora.losses').subarray(row, row + 1));
      }
    });

    it('gives as the gradient of a batch the sum of its samples’ gradients', async () => {
      const { run, layout } = await load('lora');
      const total = new Float32Array(layout.size);
      for (let row = 0; row < BATCH; row += 1) {
        flatten(golden, layout, `sample${row}`).forEach((value, i) => {
          total[i] += value;
        });
      }
      closeTo(floatsOf((await run(adapter.weights)).g), total);
    });

    it('differentiates the gradient once more, by the adapter and by every weight', async () => {
      for (const [mode, p, prefix] of [
        ['lora', adapter.weights, 'curvature'],
        ['full', base, 'full.curvature'],
      ] as const) {
        const graph = new Graph();
        const tape = new Tape(graph);
        const { loss, targets, layout } = recordLoss(config, graphOptions(golden, mode), tape);
        const halfSquares = tape.gradient(loss, targets).map((g) => {
          const axes = g.shape.map((_, i) => i);
          return scale(tape, reshape(tape, reduceSum(tape, multiply(tape, g, g), axes), []), 0.5);
        });
        const parts = tape.gradient(sum(tape, halfSquares), targets);
        const flat = parts.map((part, i) => reshape(tape, part, [layout.slots[i].size]));
        const shape = [layout.size];
        graph.output(graph.op('Concat', flat, { shape }, { attributes: { axis: 0 } }), 'product');
        const session = await runtime.createSession(graph.build());
        const outputs = await session.run(feedsOf(golden, p));
        closeTo(floatsOf(outputs.product), flatten(golden, layout, prefix), 1e-4);
      }
    });

    it('gives the same product of Hessian and gradient with dual numbers', async () => {
      const { run, layout } = await load('lora');
      const gradient = floatsOf((await run(adapter.weights)).g);
      const { baseWeights, lora } = graphOptions(golden, 'lora');
      const graph = buildHessianGraph(config, { baseWeights: baseWeights!, lora: lora!, longest: LENGTH });
      const { ids, labels, weights } = feedsOf(golden, adapter.weights);
      const rows = Array.from({ length: BATCH }, (_, row) => {
        const place = [row * LENGTH, (row + 1) * LENGTH] as const;
        return {
          ids: (ids.data as BigInt64Array).subarray(...place),
          labels: (labels.data as BigInt64Array).subarray(...place),
          weights: floatsOf(weights).subarray(...place),
        };
      });
      const pairs = Float32Array.of(...adapter.weights, ...gradient);
      const session = await runtime.createSession(graph);
      const outputs = await session.run(hessianFeeds(config, rows, pairs, 1));
      closeTo(floatsOf(outputs.products), flatten(golden, layout, 'curvature'), 1e-4);
    });

    it('takes the ten AdamW steps that torch takes, of the adapter and of every weight', async () => {
      for (const [mode, p, prefix] of [
        ['lora', adapter.weights, 'adamw'],
        ['full', base, 'full.adamw'],
      ] as const) {
        const { run, layout } = await load(mode);
        const state = createOptimizerState(p.slice());
        const settings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 0.5 };
        const norms = valuesOf(golden, `${prefix}.norms`);
        expect(norms).toHaveLength(10);
        for (let step = 1; step <= norms.length; step += 1) {
          const outputs = await run(state.parameters);
          const rate = 0.002 * (norms.length + 1 - step);
          const norm = adamwStep(state, floatsOf(outputs.g), settings, step, rate);
          expect(Math.abs(norm / norms[step - 1] - 1)).toBeLessThan(1e-4);
        }
        closeTo(state.parameters, flatten(golden, layout, prefix));
      }
    });

    it('gives PEFT’s logits in the decoding graph, read in two parts', async () => {
      closeTo(await decodeInTwoParts(runtime, golden), valuesOf(golden, 'lora.logits'));
    });

    it('trains beside weights in four bits as torch does beside the numbers that they stand for', async () => {
      const { run, layout } = await load('lora', { quantization: 'q4' });
      const outputs = await run(adapter.weights);
      closeTo(floatsOf(outputs.loss), valuesOf(golden, 'q4.loss'));
      closeTo(floatsOf(outputs.g), flatten(golden, layout, 'q4'));
    });

    it('decodes with weights in four bits, natively with inputs in eight', async () => {
      const logits = await decodeInTwoParts(runtime, golden, 'q4');
      closeTo(logits, valuesOf(golden, 'q4.logits'), profile === 'exact' ? 1e-5 : 0.05);
    });
  });
});
