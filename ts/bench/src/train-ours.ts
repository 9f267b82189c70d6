/** Our side of `npm run bench -- train`: a process that trains as its task says and answers on its standard output. */
import { createInterface } from 'node:readline';
import { parseLlamaConfig } from '@openledger/engine/llama/config';
import { baseLayout } from '@openledger/engine/llama/parameters';
import { buildTrainingGraph } from '@openledger/engine/llama/training-graph';
import { Random } from '@openledger/engine/numeric/random';
import { sharedFloats } from '@openledger/engine/numeric/shared';
import { Graph } from '@openledger/engine/onnx/graph';
import { openRuntime, type Runtime } from '@openledger/engine/runtime/runtime';
import { biasCorrections, createOptimizerState } from '@openledger/engine/training/adamw';
import { Optimizer } from '@openledger/engine/training/optimizer';
import { GEMM_CHAIN, type TrainAnswer, type TrainRequest, type TrainTask } from './train-task.ts';

const started = performance.now();
const task = JSON.parse(process.argv[2]) as TrainTask;
const random = new Random(1);
let optimizer: Optimizer | undefined;
const runtime = await openRuntime(task.profile, { threads: task.threads });
const work = task.kind === 'gemm' ? await product(runtime) : await training(runtime);
await work();
answer({ ready: (performance.now() - started) / 1000 });
for await (const line of createInterface(process.stdin)) {
  const request = JSON.parse(line) as TrainRequest;
  if ('end' in request) break;
  const before = performance.now();
  for (let i = 0; i < request.run; i += 1) await work();
  answer({ seconds: (performance.now() - before) / 1000 });
}
await optimizer?.close();
await runtime.close();
answer({ peak: process.resourceUsage().maxRSS * 1024 });

function answer(value: TrainAnswer): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function uniform(length: number, scale: number): Float32Array {
  return Float32Array.from({ length }, () => scale * (2 * random.uniform() - 1));
}

/** A chain of matrix products by inputs, as full training multiplies. Only the sum of the result comes back. */
async function product(open: Runtime): Promise<() => Promise<unknown>> {
  const [rows, inner, columns] = task.gemm;
  const graph = new Graph();
  const wide = graph.input('wide', 'f32', [inner, columns]);
  const narrow = graph.input('narrow', 'f32', [columns, inner]);
  let x = graph.constant(uniform(rows * inner, 1), [rows, inner]);
  for (let i = 0; i < GEMM_CHAIN; i += 1) {
    const hidden = graph.op('MatMul', [x, wide], { shape: [rows, columns] });
    x = graph.op('MatMul', [hidden, narrow], { shape: [rows, inner] });
  }
  const axes = graph.constant(BigInt64Array.of(0n, 1n), [2]);
  graph.output(graph.op('ReduceSum', [x, axes], { shape: [1, 1] }), 'sum');
  const session = await open.createSession(graph.build(), {
    wide: { data: uniform(inner * columns, 0.05), dims: [inner, columns] },
    narrow: { data: uniform(inner * columns, 0.05), dims: [columns, inner] },
  });
  return () => session.run({});
}

async function training(open: Runtime): Promise<() => Promise<unknown>> {
  const { kind: mode, batch, length, rank } = task;
  if (mode === 'gemm') throw new Error('A matrix product is no training.');
  const config = parseLlamaConfig(task.config);
  const baseWeights = mode === 'full' ? undefined : uniform(baseLayout(config).size, 0.04);
  const lora = { rank, scaling: 1 };
  const { model, layout } = buildTrainingGraph(config, { mode, batch, length, baseWeights, lora });
  const session = await open.createSession(model);
  const state = createOptimizerState(uniform(layout.size, 0.04));
  const gradient = sharedFloats(layout.size);
  const adamw = new Optimizer(layout.size, task.threads);
  optimizer = adamw;
  const dims = [batch * length];
  const tokens = () => ({
    data: BigInt64Array.from({ length: batch * length }, () =>
      BigInt(Math.floor(random.uniform() * config.vocabSize)),
    ),
    dims,
  });
  const feeds = {
    ids: tokens(),
    labels: tokens(),
    weights: { data: new Float32Array(batch * length).fill(1), dims },
  };
  const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 };
  let step = 0;
  return async () => {
    const p = { data: state.parameters, dims: [layout.size] };
    step += 1;
    if (mode === 'lora-per-sample') return session.run({ ...feeds, p });
    const outputs = await session.run({ ...feeds, p }, { g: { data: gradient, dims: [layout.size] } });
    const factors = { learningRate: 1e-4, ...biasCorrections(settings, step) };
    await adamw.update(state, gradient, settings, factors);
    return outputs;
  };
}
