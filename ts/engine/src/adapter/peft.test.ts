import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tinyBase } from '../../test/tiny-base.ts';
import { LINEARS, loraLayout } from '../llama/parameters.ts';
import {
  type Adapter,
  decodeAdapter,
  decodeWeights,
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

  it('may change some of the layers, and is served as one on all', async () => {
    const targets = ['v_proj', 'q_proj'] as const;
    const layout = loraLayout(config, 2, targets);
    const weights = Float32Array.from({ length: layout.size }, (_, i) => i + 1);
    const some: Adapter = { rank: 2, alpha: 6, rankStabilised: false, targets, weights };
    const back = decodeAdapter(config, encodeAdapter(config, some));
    expect(back).toEqual({ ...some, targets: ['q_proj', 'v_proj'] });
    const served = decodeWeights(config, some);
    const whole = loraLayout(config, 2);
    for (const { name, offset, size } of whole.slots) {
      const own = layout.slots.find((slot) => slot.name === name);
      const factor = name.endsWith('lora_B') ? 3 : 1;
      const expected = own
        ? weights.slice(own.offset, own.offset + size).map((value) => factor * value)
        : new Float32Array(size);
      expect(served.slice(offset, offset + size)).toEqual(expected);
    }
  });

  it.each([
    [{ rank_pattern: { q_proj: 2 } }, 'rank_pattern'],
    [{ alpha_pattern: { q_proj: 2 } }, 'alpha_pattern'],
    [{ bias: 'all' }, 'bias'],
    [{ use_dora: true }, 'use_dora'],
    [{ modules_to_save: ['lm_head'] }, 'modules_to_save'],
    [{ layers_to_transform: [0] }, 'layers_to_transform'],
    [{ init_lora_weights: 'pissa' }, 'init_lora_weights'],
    [{ peft_type: 'IA3' }, 'peft_type'],
    [{ target_modules: '.*_proj' }, 'target_modules'],
    [{ target_modules: ['q_proj', 'lm_head'] }, 'target_modules has "lm_head"'],
    [{ target_modules: ['q_proj'] }, 'no place for'],
    [{ r: 4 }, 'does not fit'],
  ])('is refused when it is another than the engine runs: %j', (change, message) => {
    const files = encodeAdapter(config, adapter);
    const json = JSON.parse(new TextDecoder().decode(files.get('adapter_config.json')));
    files.set('adapter_config.json', new TextEncoder().encode(JSON.stringify({ ...json, ...change })));
    expect(() => decodeAdapter(config, files)).toThrow(message);
  });

  it('scales by alpha/√rank when it is rank-stabilised, else by alpha/rank', () => {
    expect(loraScaling(adapter)).toBeCloseTo(6 / Math.sqrt(3), 12);
    expect(loraScaling({ ...adapter, rankStabilised: false })).toBe(2);
  });
});
