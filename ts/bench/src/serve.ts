// `npm run bench -- serve [--quick]`: many adapters over one base model. Tokens per second with every request on an adapter
// of its own, beside one adapter and beside the base alone; memory and loading of adapters; time to the first token.
// Beside it, where Python has torch and peft (OPENLEDGER_PYTHON or python3): PEFT's mixed-adapter batches.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Adapter, readAdapter, writeAdapter } from '@openledger/engine/adapter/peft';
import {
  createGenerator,
  type GenerateOptions,
  type Generator,
  type ResidentAdapter,
} from '@openledger/engine/generation/generator';
import type { LlamaConfig } from '@openledger/engine/llama/config';
import { baseLayout, loraLayout } from '@openledger/engine/llama/parameters';
import { type BaseModel, loadBase } from '@openledger/engine/model/base';
import { Random } from '@openledger/engine/numeric/random';
import { pythonJson } from './python.ts';
import { type Metric, median, report } from './report.ts';

const BENCH = 'serve';
const RANK = 8;
const RESIDENT = 1000;
const TOKENS = 32;
const BATCHES = [8, 32];
const PROMPT =
  'The keeper of the lamp writes the weather and the ships that pass into his book every evening.';

/** A Llama of 24.6 million parameters. */
const CONFIG_25M: Omit<LlamaConfig, 'maxPositions' | 'eosTokenIds' | 'padTokenId'> = {
  vocabSize: 8192,
  hiddenSize: 512,
  intermediateSize: 1536,
  layers: 6,
  heads: 8,
  kvHeads: 8,
  headDim: 64,
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  tiedEmbeddings: true,
};

export async function run(): Promise<void> {
  const quick = process.argv.includes('--quick');
  const resident = quick ? 100 : RESIDENT;
  const shipped = await loadBase(new URL('../../models/base', import.meta.url).pathname);
  // Random weights seldom end an answer, but they must never: every request is to have the same length.
  const endless = { ...shipped, config: { ...shipped.config, eosTokenIds: [] } };
  const metrics: Metric[] = [];
  for (const [name, base] of [
    ['shipped', endless],
    ['25M', randomBase(endless)],
  ] as const) {
    metrics.push(...(await throughput(name, base, resident, quick ? 1 : 3)));
    metrics.push(...(await loading(name, base, quick ? 20 : 200)));
    metrics.push(await firstToken(name, base));
  }
  report(metrics);
}

async function throughput(
  name: string,
  base: BaseModel,
  resident: number,
  rounds: number,
): Promise<Metric[]> {
  const metrics: Metric[] = [];
  for (const batch of BATCHES) {
    const generator = createGenerator(base, { maxBatch: batch, maxWaiting: 4096 });
    const adapters = Array.from({ length: resident }, (_, i) => generator.load(randomAdapter(base, i)));
    const requests = 4 * batch;
    const spread = (i: number) => adapters[Math.floor((i * resident) / requests)];
    const speeds: Record<'base' | 'one' | 'different', number[]> = { base: [], one: [], different: [] };
    await tokensPerSecond(generator, batch, spread);
    for (let round = 0; round < rounds; round += 1) {
      speeds.base.push(await tokensPerSecond(generator, requests, () => undefined));
      speeds.one.push(await tokensPerSecond(generator, requests, () => adapters[0]));
      speeds.different.push(await tokensPerSecond(generator, requests, spread));
    }
    await generator.close();
    const [alone, one, different] = [speeds.base, speeds.one, speeds.different].map(median);
    const label = `${name}, batch ${batch}, tokens/s:`;
    metrics.push(
      metric(`${label} ${resident} resident, all different, beside one adapter`, different, one, 0.95),
      metric(
        `${label} all different, beside the base alone`,
        different,
        alone,
        name === '25M' && batch === 8 ? 0.75 : 0,
      ),
    );
    const peft = await pythonJson('serve_peft.py', [
      JSON.stringify({ ...base.config, batch, rank: RANK, tokens: TOKENS, promptTokens: 24 }),
    ]);
    if (peft !== undefined) {
      metrics.push(
        metric(`${label} all different, beside torch + PEFT`, different, Number(peft.tokensPerSecond), 2),
      );
    }
  }
  return metrics;
}

async function loading(name: string, base: BaseModel, count: number): Promise<Metric[]> {
  const folder = await mkdtemp(join(tmpdir(), 'openledger-serve-'));
  const generator = createGenerator(base);
  try {
    await drain(generator, { prompt: 'a', maxTokens: 1 });
    const warm: number[] = [];
    const cold: number[] = [];
    let bytes = 0;
    for (let i = 0; i < count; i += 1) {
      const adapter = randomAdapter(base, i);
      const path = join(folder, String(i));
      await writeAdapter(path, base.config, adapter);
      let started = performance.now();
      bytes = generator.load(adapter).bytes;
      warm.push(performance.now() - started);
      started = performance.now();
      const loaded = generator.load(await readAdapter(path, base.config));
      await drain(generator, { prompt: 'a', maxTokens: 1, adapters: [{ adapter: loaded }] });
      cold.push(performance.now() - started);
    }
    return [
      absolute(`${name}: bytes of an adapter of rank ${RANK}`, bytes, '<= 8000000'),
      absolute(`${name}: loading an adapter in memory, median ms`, median(warm), '<= 10'),
      absolute(`${name}: from its folder to its first token, p99 ms`, quantile(cold, 0.99), '<= 100'),
    ];
  } finally {
    await generator.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** 32 clients that ask again as soon as they are answered, each with an adapter of its own. */
async function firstToken(name: string, base: BaseModel): Promise<Metric> {
  const generator = createGenerator(base);
  await drain(generator, { prompt: 'a', maxTokens: 1 });
  const times: number[] = [];
  const client = async (i: number) => {
    const adapter = generator.load(randomAdapter(base, i));
    for (let call = 0; call < 4; call += 1) {
      const started = performance.now();
      const tokens = generator.generate({ prompt: PROMPT, maxTokens: TOKENS, adapters: [{ adapter }] });
      await tokens.next();
      times.push(performance.now() - started);
      for await (const _ of tokens);
    }
  };
  await Promise.all(Array.from({ length: 32 }, (_, i) => client(i)));
  await generator.close();
  console.log(
    `${name}: first token under 32 clients, ms: p50 ${median(times).toFixed(0)}, p99 ${quantile(times, 0.99).toFixed(0)}`,
  );
  return absolute(`${name}: first token under 32 clients, p99 ms`, quantile(times, 0.99), 'none');
}

async function tokensPerSecond(
  generator: Generator,
  requests: number,
  adapterOf: (i: number) => ResidentAdapter | undefined,
): Promise<number> {
  const started = performance.now();
  await Promise.all(
    Array.from({ length: requests }, (_, i) => {
      const adapter = adapterOf(i);
      const adapters = adapter === undefined ? [] : [{ adapter }];
      return drain(generator, { prompt: PROMPT, maxTokens: TOKENS, adapters });
    }),
  );
  return (1000 * requests * TOKENS) / (performance.now() - started);
}

async function drain(generator: Generator, options: GenerateOptions): Promise<void> {
  for await (const _ of generator.generate(options));
}

function randomBase(shipped: BaseModel): BaseModel {
  const config = { ...shipped.config, ...CONFIG_25M };
  const random = new Random(5);
  const weights = new Float32Array(baseLayout(config).size).map(() => 0.04 * (random.uniform() - 0.5));
  return { ...shipped, config, weights };
}

function randomAdapter(base: BaseModel, seed: number): Adapter {
  const random = new Random(seed);
  const { size } = loraLayout(base.config, RANK);
  const weights = new Float32Array(size).map(() => 0.02 * (random.uniform() - 0.5));
  return { rank: RANK, alpha: 2 * RANK, rankStabilised: false, weights };
}

/** A speed beside another; `least` 0: printed, not judged. */
function metric(name: string, ours: number, anchor: number, least: number): Metric {
  const ratio = ours / anchor;
  return {
    bench: BENCH,
    metric: name,
    ours: Math.round(ours),
    anchor: Math.round(anchor),
    ratio: Number(ratio.toFixed(3)),
    target: least === 0 ? 'none' : `>= ${least}`,
    pass: ratio >= least,
  };
}

function absolute(name: string, ours: number, target: string): Metric {
  const limit = target === 'none' ? Number.POSITIVE_INFINITY : Number(target.replace('<= ', ''));
  return {
    bench: BENCH,
    metric: name,
    ours: Number(ours.toFixed(2)),
    anchor: null,
    ratio: null,
    target,
    pass: ours <= limit,
  };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}
