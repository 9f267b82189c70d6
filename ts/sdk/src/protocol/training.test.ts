import { describe, expect, it } from 'vitest';
import { ZERO_HASH } from './bytes.ts';
import { lossBits, lossFromBits, runId, runInputsTree, stepsTree } from './training.ts';
import { plainRoot } from './trees.ts';

const record = (step: number) => ({
  step,
  batchHash: ZERO_HASH,
  lossBits: lossBits(1 / step),
  weightsHash: ZERO_HASH,
});

describe('a training run', () => {
  it('keeps losses as 32-bit floats', () => {
    expect(lossBits(1)).toBe(0x3f800000);
    expect(lossFromBits(lossBits(Math.fround(2.345)))).toBe(Math.fround(2.345));
  });

  it('records steps from 1 without a gap', () => {
    expect(plainRoot(stepsTree([record(1), record(2)]))).toMatch(/^0x/);
    expect(() => stepsTree([record(2)])).toThrow('record 0 says 2');
  });

  it('lists its inputs by asset and is named by its manifest, whatever the order', () => {
    const [a, b] = [4, 8].map((asset) => ({ datanet: 1, asset, weight: 1 }));
    expect(plainRoot(runInputsTree([a!, b!]))).toBe(plainRoot(runInputsTree([b!, a!])));
    expect(runId({ seed: 1, base: '0x' })).toBe(runId({ base: '0x', seed: 1 }));
    expect(runId({ seed: 1 })).not.toBe(runId({ seed: 2 }));
  });
});
