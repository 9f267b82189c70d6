import { cos, power, sin } from '../numeric/exact-math.ts';
import type { LlamaConfig, RopeScaling } from './config.ts';

/** Cosines and sines of the rotary embedding, each `[positions, headDim / 2]`. */
export type RopeTables = { cos: Float32Array; sin: Float32Array; shape: readonly [number, number] };

/** The rotary tables for `positions` positions, with the same bits on every machine. */
export function ropeTables(config: LlamaConfig, positions: number): RopeTables {
  const half = config.headDim / 2;
  const tables = {
    cos: new Float32Array(positions * half),
    sin: new Float32Array(positions * half),
    shape: [positions, half] as const,
  };
  for (let i = 0; i < half; i += 1) {
    const plain = power(config.ropeTheta, (-2 * i) / config.headDim);
    const frequency = config.ropeScaling === undefined ? plain : scaled(plain, config.ropeScaling);
    for (let position = 0; position < positions; position += 1) {
      tables.cos[position * half + i] = cos(position * frequency);
      tables.sin[position * half + i] = sin(position * frequency);
    }
  }
  return tables;
}

/**
 * The frequency that a model with stretched positions rotates by.
 *
 * `linear` divides every frequency by the factor. `llama3` (Llama 3.1) divides those whose wave is longer than
 * the original context, keeps those whose wave is short, and blends between.
 */
function scaled(frequency: number, scaling: RopeScaling): number {
  const { factor } = scaling;
  if (scaling.type === 'linear') return frequency / factor;
  const { lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  const waves = (originalPositions * frequency) / (2 * Math.PI);
  if (waves > high) return frequency;
  if (waves < low) return frequency / factor;
  const blend = (waves - low) / (high - low);
  return (1 - blend) * (frequency / factor) + blend * frequency;
}
