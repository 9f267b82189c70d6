import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Metric, median, report } from './report.ts';
import { findPython, TrainProcess } from './train-process.ts';
import type { TrainTask } from './train-task.ts';

/** Rounds in which every process works in turn, so that a busy moment of the machine hits all of them alike. */
const ROUNDS = 5;
const FIRST_STEP_SECONDS = 5;

const shipped = JSON.parse(
  readFileSync(new URL('../../models/base/config.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;
const LARGE = {
  ...shipped,
  vocab_size: 8192,
  hidden_size: 512,
  intermediate_size: 1536,
  num_hidden_layers: 6,
  num_attention_heads: 8,
  num_key_value_heads: 8,
  head_dim: 64,
};

type Case = Pick<TrainTask, 'kind' | 'batch' | 'length' | 'config' | 'gemm'> & {
  readonly model: string;
  readonly target: number;
};
const MODELS = [
  { model: 'shipped (2.9M)', config: shipped, batch: 16, length: 128, gemm: [2048, 224, 608] },
  { model: '25M', config: LARGE, batch: 8, length: 128, gemm: [1024, 512, 1536] },
] as const;
const KINDS = [
  { kind: 'lora', target: 1 },
  { kind: 'full', target: 0.95 },
  { kind: 'lora-per-sample', target: 1.2 },
] as const;

/**
 * Tokens per second of LoRA and full training and of gradients per sample, beside torch and PEFT on the same cores.
 *
 * Full training is judged by what the runtime's matrix product allows: both products are measured in the same run.
 * Names after the benchmark's own choose models and kinds: `npm run bench -- train 25M lora`.
 */
export async function run(): Promise<void> {
  const python = findPython();
  if (python === undefined) {
    console.error(
      'There is no Python with torch, transformers and peft; set OPENLEDGER_PYTHON to see the anchor.',
    );
  }
  const chosen = process.argv.slice(3);
  const metrics: Metric[] = [];
  for (const model of MODELS) {
    for (const kind of KINDS) {
      const names = [model.model, kind.kind];
      if (chosen.every((word) => names.some((name) => name.startsWith(word)))) {
        metrics.push(...(await measure({ ...model, ...kind }, python)));
      }
    }
  }
  report(metrics);
}

async function measure(one: Case, python: string | undefined): Promise<Metric[]> {
  const { kind, batch, length, config, gemm } = one;
  const task: TrainTask = {
    ...{ kind, batch, length, config, gemm, rank: 8 },
    profile: 'native',
    bf16: false,
    threads: availableParallelism(),
  };
  const product = kind === 'full' ? await ratioOfProducts(task, python) : 1;
  const ours = await TrainProcess.start(task);
  const exact = await TrainProcess.start({ ...task, profile: 'exact' });
  const torch = python === undefined ? undefined : await TrainProcess.start(task, python);
  const mixed = kind !== 'lora-per-sample' && python !== undefined;
  const bfloat = mixed ? await TrainProcess.start({ ...task, bf16: true }, python) : undefined;
  const speeds = await takeTurns([ours, exact, torch, bfloat], batch * length);
  const oursPeak = await ours.end();
  const torchPeak = await torch?.end();
  await Promise.all([exact.end(), bfloat?.end()]);

  const bar = Math.round(one.target * product * 1000) / 1000;
  const name = (what: string) => `${one.model}, ${kind}: ${what}`;
  const [native, wasm, torchSpeed, bfloatSpeed] = speeds;
  return [
    metric(name('tokens/s'), native!, torchSpeed, `≥ ${bar} × torch`, (ratio) => ratio >= bar),
    metric(name('tokens/s beside torch bf16'), native!, bfloatSpeed, 'beside'),
    metric(name('tokens/s exact beside native'), wasm!, native, 'beside'),
    metric(name('peak MB'), oursPeak, torchPeak, '≤ 1 × torch', (ratio) => ratio <= 1),
    {
      ...metric(name('seconds to the first step'), ours.firstStep, undefined, `≤ ${FIRST_STEP_SECONDS} s`),
      pass: ours.firstStep <= FIRST_STEP_SECONDS,
    },
  ].filter(({ anchor, target }) => anchor !== null || target !== 'beside');
}

/** How fast the runtime multiplies two matrices, over how fast torch does. */
async function ratioOfProducts(task: TrainTask, python: string | undefined): Promise<number> {
  if (python === undefined) return 1;
  const gemm = { ...task, kind: 'gemm' as const };
  const pair = [await TrainProcess.start(gemm), await TrainProcess.start(gemm, python)];
  const [ours, torch] = await takeTurns(pair, 1);
  await Promise.all(pair.map((process) => process.end()));
  return ours! / torch!;
}

/** Lets the processes work one after another, each for about a second a time. Median speed of each. */
async function takeTurns(
  processes: readonly (TrainProcess | undefined)[],
  tokensPerStep: number,
): Promise<(number | undefined)[]> {
  const steps: number[] = [];
  for (const process of processes) {
    steps.push(process === undefined ? 0 : Math.max(1, Math.round(1 / (await process.run(1)))));
  }
  const speeds: number[][] = processes.map(() => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [i, process] of processes.entries()) {
      if (process !== undefined) speeds[i].push((tokensPerStep * steps[i]) / (await process.run(steps[i])));
    }
  }
  return speeds.map((values) => (values.length === 0 ? undefined : median(values)));
}

function metric(
  name: string,
  ours: number,
  anchor: number | undefined,
  target: string,
  passes: (ratio: number) => boolean = () => true,
): Metric {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  const ratio = anchor === undefined ? null : round(ours / anchor);
  return {
    bench: 'train',
    metric: name,
    ours: round(ours),
    anchor: anchor === undefined ? null : round(anchor),
    ratio,
    target,
    pass: ratio === null || passes(ratio),
  };
}
