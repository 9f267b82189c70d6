import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ParameterRange } from '../llama/parameters.ts';
import { DEFAULT_THREADS } from '../runtime/profile.ts';
import { send } from '../runtime/transfer.ts';
import { type AdamWSettings, clipOf, type OptimizerState, type StepFactors } from './adamw.ts';
import { type AdamWPart, updatePart } from './adamw-kernel.ts';
import type { AdamWJob } from './adamw-worker.ts';

/** A thread is worth its messages from this many parameters on. */
const WORTH_A_THREAD = 2 ** 20;

/**
 * AdamW on several threads, to the same bits as `adamwUpdate`: a parameter's update depends on no other's. Close it when
 * done: the threads keep the process alive.
 */
export class Optimizer {
  readonly #helpers: readonly Worker[];

  /** For updates of about `size` parameters. */
  constructor(size: number, threads: number = DEFAULT_THREADS) {
    const length = Math.max(0, Math.min(threads, Math.floor(size / WORTH_A_THREAD)) - 1);
    this.#helpers = Array.from({ length }, () => new Worker(new URL('./adamw-worker.ts', import.meta.url)));
  }

  /** One update in place. Returns the norm of the gradient before clipping. */
  async update(
    state: OptimizerState,
    gradient: Float32Array,
    settings: AdamWSettings,
    factors: StepFactors,
    decayed: readonly ParameterRange[] = [{ start: 0, end: gradient.length }],
  ): Promise<number> {
    const { norm, clip } = clipOf(gradient, settings);
    const arrays = { ...state, gradient };
    // What is not shared would be updated in a copy.
    const isShared = Object.values(arrays).every(({ buffer }) => buffer instanceof SharedArrayBuffer);
    const helpers = isShared ? this.#helpers : [];
    const share = Math.ceil(gradient.length / (helpers.length + 1));
    const part = (i: number): AdamWPart => {
      const start = i * share;
      return { start, end: Math.min(start + share, gradient.length), clip, settings, factors, decayed };
    };
    const { parameters, firstMoment, secondMoment } = state;
    const sent = {
      parameters: send(parameters),
      firstMoment: send(firstMoment),
      secondMoment: send(secondMoment),
      gradient: send(gradient),
    };
    const replies = helpers.map((helper, i) => {
      helper.postMessage({ part: part(i + 1), arrays: sent } satisfies AdamWJob);
      return once(helper, 'message');
    });
    updatePart(state, gradient, part(0));
    await Promise.all(replies);
    return norm;
  }

  async close(): Promise<void> {
    await Promise.all(this.#helpers.map((helper) => helper.terminate()));
  }
}
