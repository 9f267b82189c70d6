import type { AdamWSettings, OptimizerState, StepFactors } from '../training/adamw.ts';

/** How a scalar at the end of a run changes with the optimiser's state at some step: one entry per parameter. */
export type Adjoint = {
  readonly parameters: Float64Array;
  readonly firstMoment: Float64Array;
  readonly secondMoment: Float64Array;
};

/** The adjoint at the end of a run whose result is a function of the parameters with this gradient. */
export function createAdjoint(gradient: ArrayLike<number>): Adjoint {
  return {
    parameters: Float64Array.from(gradient),
    firstMoment: new Float64Array(gradient.length),
    secondMoment: new Float64Array(gradient.length),
  };
}

/**
 * Takes an adjoint from after a step of `adamwUpdate` to before it, in place, and returns the adjoint of the step's
 * gradient. What the gradient passes on to the parameters is for the caller to add: it is a Hessian product.
 *
 * With g the clipped gradient, m' = β₁m + (1−β₁)g, v' = β₂v + (1−β₂)g², s = √(v'/c₂ + ε_root) and
 * p' = p − η·(m'/c₁/(s + ε) + λp), by the chain rule. Where s = 0, no gradient ever arrived and the step did not
 * move: nothing is passed on through the second moment.
 */
export function adamwAdjoint(
  adjoint: Adjoint,
  before: Pick<OptimizerState, 'firstMoment' | 'secondMoment'>,
  gradient: Float32Array,
  settings: AdamWSettings,
  factors: StepFactors,
): Float64Array {
  const { beta1, beta2, epsilon, epsRoot = 0, weightDecay, clipNorm } = settings;
  const { learningRate, correction1, correction2 } = factors;
  let square = 0;
  for (let i = 0; i < gradient.length; i += 1) square += gradient[i] * gradient[i];
  const norm = Math.sqrt(square);
  const clip = clipNorm > 0 && norm > clipNorm ? clipNorm / norm : 1;
  const result = new Float64Array(gradient.length);
  let along = 0;
  for (let i = 0; i < gradient.length; i += 1) {
    const g = gradient[i] * clip;
    const m = beta1 * before.firstMoment[i] + (1 - beta1) * g;
    const v = beta2 * before.secondMoment[i] + (1 - beta2) * g * g;
    const root = Math.sqrt(v / correction2 + epsRoot);
    const scale = root + epsilon;
    const p = adjoint.parameters[i];
    const toFirst = adjoint.firstMoment[i] - (learningRate * p) / (correction1 * scale);
    const throughRoot =
      root === 0 ? 0 : (learningRate * p * m) / correction1 / (scale * scale) / (2 * root * correction2);
    const toSecond = adjoint.secondMoment[i] + throughRoot;
    adjoint.parameters[i] = p * (1 - learningRate * weightDecay);
    adjoint.firstMoment[i] = beta1 * toFirst;
    adjoint.secondMoment[i] = beta2 * toSecond;
    result[i] = (1 - beta1) * toFirst + 2 * (1 - beta2) * g * toSecond;
    along += result[i] * gradient[i];
  }
  if (clip === 1) return result;
  // The clipped gradient is C·G/‖G‖, which does not change along G itself.
  for (let i = 0; i < result.length; i += 1) result[i] = clip * (result[i] - (gradient[i] * along) / square);
  return result;
}
