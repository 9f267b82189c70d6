import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tinyBase } from '../../test/tiny-base.ts';
import { LINEARS, loraLayout } from '../llama/parameters.ts';
import {
  type Adapter,
  decodeAdapter,
  encodeAdapter,
  loraScaling,
  readAdapter,
  writeAdapter,
} from './peft.ts';

const { config } = tinyBase();
const adapter: Adapter = {
  rank: 3,
  alpha: 6,
  rankStabilised: true,
  targets: LINEARS,
  weights: Float32Array.from({ length: loraLayout(config, 3).size }, (_, i) => i / 7),
};

describe('An adapter in PEFT layout', () => {
  it('survives its way through a folder', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'openledger-adapter-'));
    await writeAdapter(directory, config, adapter);
    expect(await readAdapter(directory, config)).toEqual(adapter);
    rmSync(directory, { recursive: true });
  });

  it('has the same bytes whenever it has the same weights', () => {
    const copy = { ...adapter, weights: adapter.weights.slice() };
    expect(encodeAdapter(config, copy)).toEqual(encodeAdapter(config, adapter));
  });

  it('is refused when it belongs to a model of another size', () => {
    const files = encodeAdapter(config, adapter);
    expect(() => decodeAdapter({ ...config, hiddenSize: 40 }, files)).toThrow('does not fit');
    files.delete('adapter_config.json');
    expect(() => decodeAdapter(config, files)).toThrow('no adapter_config.json');
  });

  it('scales by alpha/√rank when it is rank-stabilised, else by alpha/rank', () => {
    expect(loraScaling(adapter)).toBeCloseTo(6 / Math.sqrt(3), 12);
    expect(loraScaling({ ...adapter, rankStabilised: false })).toBe(2);
  });
});
