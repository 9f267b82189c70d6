import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keccak } from '@openledger/sdk/protocol/bytes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readGolden } from '../../test/golden.ts';
import type { WeightTensor } from '../llama/parameters.ts';
import { decodeSafetensors, encodeSafetensors } from '../safetensors/safetensors.ts';
import { SPECIAL_TOKENS, tokenizerConfig, tokenizerJson } from '../tokenizer/files.ts';
import { trainVocabulary } from '../tokenizer/trainer.ts';
import { hashWeights, listBaseFiles, loadBase } from './base.ts';

describe('A base model in a folder', () => {
  let folder: string;
  const path = (name: string) => join(folder, name);
  const bytes = (name: string) => new Uint8Array(readFileSync(path(name)));
  const writeJson = (name: string, value: unknown) => writeFileSync(path(name), JSON.stringify(value));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'openledger-base-'));
    for (const name of ['config.json', 'model.safetensors']) {
      cpSync(fileURLToPath(new URL(`../../golden/llama/${name}`, import.meta.url)), path(name));
    }
    const vocabulary = trainVocabulary(['low lower lowest'], 262, SPECIAL_TOKENS);
    writeJson('tokenizer.json', tokenizerJson(vocabulary));
    writeJson('tokenizer_config.json', tokenizerConfig(64));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Stores the weights in two files, as the larger models on the hub are stored. */
  function split(): void {
    const tensors = [...decodeSafetensors(bytes('model.safetensors')).tensors];
    const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const parts = [tensors.slice(0, 7), tensors.slice(7)].map((part) => new Map<string, WeightTensor>(part));
    parts.forEach((part, i) => {
      writeFileSync(path(names[i]), encodeSafetensors(part, 'F32'));
    });
    const map = parts.flatMap((part, i) => [...part.keys()].map((name) => [name, names[i]]));
    writeJson('model.safetensors.index.json', { metadata: {}, weight_map: Object.fromEntries(map) });
    rmSync(path('model.safetensors'));
  }

  it('is the same from one file and from several, but for the hash of its weights', async () => {
    const one = await loadBase(folder);
    expect(one.weights).toEqual(readGolden('llama').base);
    expect(one.weightsHash).toBe(keccak(bytes('model.safetensors')));
    split();
    const two = await loadBase(folder);
    expect(two.weights).toEqual(one.weights);
    const hashes = [1, 2].map((i) => keccak(bytes(`model-0000${i}-of-00002.safetensors`)));
    expect(two.weightsHash).toBe(keccak(Uint8Array.of(0x3a), ...hashes));
    expect(hashWeights(hashes)).toBe(two.weightsHash);
    expect(await listBaseFiles(folder)).toEqual([
      'config.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    renameSync(path('model-00002-of-00002.safetensors'), path('elsewhere'));
    await expect(loadBase(folder)).rejects.toThrow('model-00002-of-00002.safetensors is missing');
  });

  it('ends an answer at every token that its generation settings name', async () => {
    writeJson('generation_config.json', { eos_token_id: [1, 7] });
    expect((await loadBase(folder)).config.eosTokenIds).toEqual([1, 7]);
  });

  it('takes its chat template from a file of its own', async () => {
    writeFileSync(path('chat_template.jinja'), '{% for m in messages %}{{ m.content }}{% endfor %}!');
    const { tokenizer } = await loadBase(folder);
    expect(tokenizer.decode(tokenizer.encodeChat([{ role: 'user', content: 'low' }]))).toBe('low!');
  });

  it('is refused when weights and config.json are not of one model', async () => {
    const { tensors } = decodeSafetensors(bytes('model.safetensors'));
    const write = (changed: Map<string, WeightTensor>) =>
      writeFileSync(path('model.safetensors'), encodeSafetensors(changed, 'F32'));
    const name = 'model.layers.0.self_attn.q_proj.bias';
    write(new Map([...tensors, [name, { shape: [32], data: new Float32Array(32) }]]));
    await expect(loadBase(folder)).rejects.toThrow(name);
    write(new Map([...tensors].slice(1)));
    await expect(loadBase(folder)).rejects.toThrow('has no tensor');
    const norm = { shape: [25], data: new Float32Array(25) };
    write(new Map([...tensors, ['model.norm.weight', norm]]));
    await expect(loadBase(folder)).rejects.toThrow('model.norm.weight has shape [25]');
    writeFileSync(path('model.safetensors'), encodeSafetensors(tensors, 'F32').subarray(0, 40_000));
    await expect(loadBase(folder)).rejects.toThrow('do not fit');
    rmSync(path('model.safetensors'));
    await expect(loadBase(folder)).rejects.toThrow('model.safetensors is missing');
  });
});
