import { fromHex, toHex } from '@openledger/sdk/protocol/bytes';
import type { Hex } from 'viem';
import { cos } from '../numeric/exact-math.ts';
import type { AdamWSettings, StepFactors } from './adamw.ts';

/** A learning rate that rises linearly and then falls along a cosine or a line. */
export type Schedule = {
  readonly shape?: 'cosine' | 'linear';
  readonly steps: number;
  readonly warmup: number;
  readonly peak: number;
  /** Where the fall ends, as a share of the peak. */
  readonly floor: number;
};

/** The learning rate of every step, rounded to float32. The default shape is a cosine. */
export function learningRates(schedule: Schedule): Float32Array {
  const { shape = 'cosine', steps, warmup, peak, floor } = schedule;
  return Float32Array.from({ length: steps }, (_, i) => {
    if (i < warmup) return (peak * (i + 1)) / warmup;
    const progress = (i - warmup) / Math.max(1, steps - warmup);
    const left = shape === 'cosine' ? 0.5 * (1 + cos(Math.PI * progress)) : 1 - progress;
    return peak * (floor + (1 - floor) * left);
  });
}

/** A table of learning rates as bytes, float32 big-endian: manifests hold the numbers, not the formula. */
export function encodeLearningRates(rates: Float32Array): Hex {
  const view = new DataView(new ArrayBuffer(rates.length * 4));
  rates.forEach((rate, i) => {
    view.setFloat32(i * 4, rate);
  });
  return toHex(new Uint8Array(view.buffer));
}

export function decodeLearningRates(hex: Hex): Float32Array {
  const view = viewOf(hex);
  return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(i * 4));
}

/** Adam's bias corrections of every step as bytes: `1 − β₁^step`, `1 − β₂^step`, float64 big-endian. */
export function encodeBiasCorrections(settings: Pick<AdamWSettings, 'beta1' | 'beta2'>, steps: number): Hex {
  const view = new DataView(new ArrayBuffer(steps * 16));
  let power1 = 1;
  let power2 = 1;
  for (let i = 0; i < steps; i += 1) {
    power1 *= settings.beta1;
    power2 *= settings.beta2;
    view.setFloat64(i * 16, 1 - power1);
    view.setFloat64(i * 16 + 8, 1 - power2);
  }
  return toHex(new Uint8Array(view.buffer));
}

/** What a manifest's two tables say of a step, counted from 1. */
export function createStepFactors(tables: {
  readonly learningRates: Hex;
  readonly biasCorrections: Hex;
}): (step: number) => StepFactors {
  const rates = decodeLearningRates(tables.learningRates);
  const corrections = viewOf(tables.biasCorrections);
  return (step) => ({
    learningRate: rates[step - 1],
    correction1: corrections.getFloat64((step - 1) * 16),
    correction2: corrections.getFloat64((step - 1) * 16 + 8),
  });
}

function viewOf(hex: Hex): DataView {
  const bytes = fromHex(hex);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
