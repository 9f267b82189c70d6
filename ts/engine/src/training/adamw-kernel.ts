import { readFileSync } from 'node:fs';
import type { ParameterRange } from '../llama/parameters.ts';
import type { AdamWSettings, OptimizerState, StepFactors } from './adamw.ts';

type Update = (
  parameters: number,
  gradient: number,
  first: number,
  second: number,
  count: number,
  clip: number,
  beta1: number,
  beta2: number,
  epsilon: number,
  epsRoot: number,
  learningRate: number,
  correction1: number,
  correction2: number,
  weightDecay: number,
  decays: boolean,
) => void;

const PAGE = 65_536;
/** Parameters per call: four arrays of them stay in a core's second cache. Even, since the kernel takes pairs. */
const CHUNK = 8192;
const [PARAMETERS, GRADIENT, FIRST, SECOND] = [0, 1, 2, 3].map((i) => 4 * CHUNK * i);

let loaded: { update: Update; views: Float32Array[] } | undefined;

/** The update of some of the parameters. */
export type AdamWPart = ParameterRange & {
  /** What the gradient is multiplied by. */
  readonly clip: number;
  readonly settings: AdamWSettings;
  readonly factors: StepFactors;
  /** Where decay applies, ascending; also beyond the part. */
  readonly decayed: readonly ParameterRange[];
};

/**
 * Updates some of the parameters in place by AdamW's formula. The arrays may be of any size and lie anywhere: they pass
 * through the kernel's own memory chunk by chunk.
 */
export function updatePart(state: OptimizerState, gradient: Float32Array, part: AdamWPart): void {
  let done = part.start;
  const until = (end: number, decays: boolean) => {
    const bounded = Math.min(end, part.end);
    if (bounded <= done) return;
    updateRange(state, gradient, { start: done, end: bounded }, part, decays);
    done = bounded;
  };
  for (const { start, end } of part.decayed) {
    until(start, false);
    until(end, true);
  }
  until(part.end, false);
}

function updateRange(
  state: OptimizerState,
  gradient: Float32Array,
  { start, end }: ParameterRange,
  { clip, settings, factors }: AdamWPart,
  decays: boolean,
): void {
  const { beta1, beta2, epsilon, epsRoot = 0, weightDecay } = settings;
  const { learningRate, correction1, correction2 } = factors;
  loaded ??= load();
  const { update, views } = loaded;
  const { parameters, firstMoment, secondMoment } = state;
  const arrays = [parameters, gradient, firstMoment, secondMoment];
  for (let from = start; from < end; from += CHUNK) {
    const to = Math.min(from + CHUNK, end);
    for (let i = 0; i < 4; i += 1) views[i].set(arrays[i].subarray(from, to));
    update(
      ...([PARAMETERS, GRADIENT, FIRST, SECOND] as [number, number, number, number]),
      ...([to - from, clip, beta1, beta2, epsilon, epsRoot] as const),
      ...([learningRate, correction1, correction2, weightDecay, decays] as const),
    );
    for (const i of [0, 2, 3]) arrays[i].set(views[i].subarray(0, to - from), from);
  }
}

function load(): { update: Update; views: Float32Array[] } {
  const module = new WebAssembly.Module(readFileSync(new URL('./adamw.wasm', import.meta.url)));
  const memory = new WebAssembly.Memory({ initial: (16 * CHUNK) / PAGE, maximum: PAGE });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const views = [PARAMETERS, GRADIENT, FIRST, SECOND].map((at) => new Float32Array(memory.buffer, at, CHUNK));
  return { update: exports.update as Update, views };
}
