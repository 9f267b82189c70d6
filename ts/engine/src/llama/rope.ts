import { cos, power, sin } from '../numeric/exact-math.ts';
import type { LlamaConfig } from './config.ts';

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
    const frequency = power(config.ropeTheta, (-2 * i) / config.headDim);
    for (let position = 0; position < positions; position += 1) {
      tables.cos[position * half + i] = cos(position * frequency);
      tables.sin[position * half + i] = sin(position * frequency);
    }
  }
  return tables;
}
