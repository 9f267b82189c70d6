import { expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { sharedCopy } from '../numeric/shared.ts';
import {
  type AdamWSettings,
  adamwUpdate,
  copyOptimizerState,
  createOptimizerState,
  type StepFactors,
} from './adamw.ts';
import { Optimizer } from './optimizer.ts';

const settings = {
  ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, epsRoot: 1e-12 },
  ...{ weightDecay: 0.01, clipNorm: 1 },
};

/** The formula of `adamwUpdate`, number by number. */
function update(
  [p, m, v]: Float32Array[],
  gradient: Float32Array,
  { beta1, beta2, epsilon, epsRoot = 0, weightDecay, clipNorm }: AdamWSettings,
  { learningRate, correction1, correction2 }: StepFactors,
  decays: (i: number) => boolean,
): void {
  const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
  const clip = norm > clipNorm ? clipNorm / norm : 1;
  for (let i = 0; i < p.length; i += 1) {
    const g = gradient[i] * clip;
    const first = beta1 * m[i] + (1 - beta1) * g;
    const second = beta2 * v[i] + (1 - beta2) * g * g;
    [m[i], v[i]] = [first, second];
    const decay = decays(i) ? weightDecay * p[i] : 0;
    p[i] -=
      learningRate * (first / correction1 / (Math.sqrt(second / correction2 + epsRoot) + epsilon) + decay);
  }
}

it.each([1, 2, 8191, 8193, 30_001])('AdamW moves %i parameters by its formula, to the bit', (size) => {
  const random = new Random(size);
  const draw = (scale: number) =>
    Float32Array.from({ length: size }, () =>
      random.uniform() < 0.1 ? 0 : scale * (2 * random.uniform() - 1) ** 9,
    );
  const start = draw(1);
  const state = createOptimizerState(start);
  const plain = [start.slice(), new Float32Array(size), new Float32Array(size)];
  const decayed = [
    { start: Math.floor(size / 7), end: Math.floor(size / 3) },
    { start: Math.floor(size / 2), end: size },
  ];
  const decays = (i: number) => decayed.some(({ start: from, end }) => i >= from && i < end);
  for (let step = 1; step <= 5; step += 1) {
    const gradient = draw(step === 3 ? 1e3 : 1e-6);
    const factors = { learningRate: 1e-2, correction1: 1 - 0.9 ** step, correction2: 1 - 0.999 ** step };
    adamwUpdate(state, gradient, settings, factors, decayed);
    update(plain, gradient, settings, factors, decays);
    expect(state.parameters).toEqual(plain[0]);
    expect(state.firstMoment).toEqual(plain[1]);
    expect(state.secondMoment).toEqual(plain[2]);
  }
  expect(start, 'the first weights are not the state').not.toEqual(state.parameters);
});

it('AdamW on several threads gives the same bits, also where memory is not shared', async () => {
  const size = 3 * 2 ** 20 + 5;
  const random = new Random(7);
  const draw = () => Float32Array.from({ length: size }, () => random.uniform() - 0.5);
  const state = createOptimizerState(draw());
  const [alone, apart] = [createOptimizerState(state.parameters), copyOptimizerState(state)];
  const decayed = [
    { start: 100, end: 2 ** 20 + 3 },
    { start: 2 ** 21, end: size - 9 },
  ];
  const optimizer = new Optimizer(size, 3);
  try {
    for (let step = 1; step <= 2; step += 1) {
      const gradient = sharedCopy(draw());
      const factors = { learningRate: 1e-2, correction1: 1 - 0.9 ** step, correction2: 1 - 0.999 ** step };
      const norm = adamwUpdate(alone, gradient, settings, factors, decayed);
      expect(await optimizer.update(state, gradient, settings, factors, decayed)).toBe(norm);
      expect(await optimizer.update(apart, gradient.slice(), settings, factors, decayed)).toBe(norm);
    }
  } finally {
    await optimizer.close();
  }
  for (const one of [state, apart]) {
    for (const name of ['parameters', 'firstMoment', 'secondMoment'] as const) {
      expect(Buffer.from(one[name].buffer).equals(Buffer.from(alone[name].buffer)), name).toBe(true);
    }
  }
});
