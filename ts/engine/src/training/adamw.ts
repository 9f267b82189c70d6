import type { ParameterRange } from '../llama/parameters.ts';
import { sharedCopy, sharedFloats } from '../numeric/shared.ts';
import { updatePart } from './adamw-kernel.ts';

/** Settings of AdamW (Loshchilov and Hutter). */
export type AdamWSettings = {
  readonly beta1: number;
  readonly beta2: number;
  /** Added to the root of the second moment. */
  readonly epsilon: number;
  /**
   * Added to the second moment under the root; default 0. Above 0 the update is smooth in the gradient also where
   * that is zero, which differentiating through a run needs.
   */
  readonly epsRoot?: number;
  readonly weightDecay: number;
  /** Gradients with a larger norm are scaled down to it; 0 turns this off. */
  readonly clipNorm: number;
};

/** What of an update depends on the step: the learning rate and Adam's two bias corrections, `1 − β^step`. */
export type StepFactors = {
  readonly learningRate: number;
  readonly correction1: number;
  readonly correction2: number;
};

/** Parameters with the optimiser's running means of the gradient and of its square. */
export type OptimizerState = {
  readonly parameters: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
};

/** The state before the first step, in memory that threads share; its parameters are a copy. */
export function createOptimizerState(parameters: Float32Array): OptimizerState {
  return {
    parameters: sharedCopy(parameters),
    firstMoment: sharedFloats(parameters.length),
    secondMoment: sharedFloats(parameters.length),
  };
}

export function copyOptimizerState(state: OptimizerState): OptimizerState {
  const { parameters, firstMoment, secondMoment } = state;
  return {
    parameters: parameters.slice(),
    firstMoment: firstMoment.slice(),
    secondMoment: secondMoment.slice(),
  };
}

/** The bias corrections of a step, counted from 1, by repeated multiplication: the same bits everywhere. */
export function biasCorrections(
  settings: Pick<AdamWSettings, 'beta1' | 'beta2'>,
  step: number,
): Omit<StepFactors, 'learningRate'> {
  return {
    correction1: 1 - integerPower(settings.beta1, step),
    correction2: 1 - integerPower(settings.beta2, step),
  };
}

/** One step of AdamW in place, counted from 1. Returns the norm of the gradient before clipping. */
export function adamwStep(
  state: OptimizerState,
  gradient: Float32Array,
  settings: AdamWSettings,
  step: number,
  learningRate: number,
  decayed?: readonly ParameterRange[],
): number {
  return adamwUpdate(
    state,
    gradient,
    settings,
    { learningRate, ...biasCorrections(settings, step) },
    decayed,
  );
}

/**
 * One update of AdamW in place. Returns the norm of the gradient before clipping.
 *
 * With g the clipped gradient, m' = β₁m + (1−β₁)g, v' = β₂v + (1−β₂)g² and
 * p' = p − η·(m'/c₁/(√(v'/c₂ + ε_root) + ε) + λp), from left to right in double precision with float32 storage: the same
 * bits on every machine.
 */
export function adamwUpdate(
  state: OptimizerState,
  gradient: Float32Array,
  settings: AdamWSettings,
  factors: StepFactors,
  /** Where decay applies, ascending; everywhere when left out. */
  decayed: readonly ParameterRange[] = [{ start: 0, end: gradient.length }],
): number {
  const { norm, clip } = clipOf(gradient, settings);
  updatePart(state, gradient, { start: 0, end: gradient.length, clip, settings, factors, decayed });
  return norm;
}

/** The norm of a gradient, and what it is multiplied by so that it is not longer than allowed. */
export function clipOf(
  gradient: Float32Array,
  { clipNorm }: Pick<AdamWSettings, 'clipNorm'>,
): { norm: number; clip: number } {
  const norm = normOf(gradient);
  return { norm, clip: clipNorm > 0 && norm > clipNorm ? clipNorm / norm : 1 };
}

/** The second moment without its bias towards zero, as Adam divides by it. */
export function correctedSecondMoment(
  state: OptimizerState,
  { correction2 }: Pick<StepFactors, 'correction2'>,
): Float32Array {
  return state.secondMoment.map((value) => value / correction2);
}

function normOf(values: Float32Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i += 1) total += values[i] * values[i];
  return Math.sqrt(total);
}

function integerPower(base: number, exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i += 1) result *= base;
  return result;
}
