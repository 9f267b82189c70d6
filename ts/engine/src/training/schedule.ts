import { fromHex, toHex } from '@openledger/sdk/protocol/bytes';
import type { Hex } from 'viem';
import { cos } from '../numeric/exact-math.ts';

/** A learning rate that rises linearly and then falls along a cosine. */
export type CosineSchedule = {
  readonly steps: number;
  readonly warmup: number;
  readonly peak: number;
  /** Where the cosine ends, as a share of the peak. */
  readonly floor: number;
};

/** The learning rate of every step, rounded to float32. */
export function cosineSchedule(schedule: CosineSchedule): Float32Array {
  const { steps, warmup, peak, floor } = schedule;
  return Float32Array.from({ length: steps }, (_, i) => {
    if (i < warmup) return (peak * (i + 1)) / warmup;
    const progress = (i - warmup) / Math.max(1, steps - warmup);
    return peak * (floor + (1 - floor) * 0.5 * (1 + cos(Math.PI * progress)));
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
  const bytes = fromHex(hex);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4));
}
