import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBase } from '@openledger/engine/model/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHuggingFaceConfig } from '../../../engine/src/llama/config.ts';
import { toCheckpoint } from '../../../engine/src/llama/parameters.ts';
import { encodeSafetensors } from '../../../engine/src/safetensors/safetensors.ts';
import { SPECIAL_TOKENS, tokenizerConfig, tokenizerJson } from '../../../engine/src/tokenizer/files.ts';
import { trainVocabulary } from '../../../engine/src/tokenizer/trainer.ts';
import { tinyBase } from '../../../engine/test/tiny-model.ts';
import { importBase, listBases, shippedBase } from './library.ts';

const TEXTS = ['The lamp burns whale oil and dried kelp. The bell rang twelve times.'];
const base = tinyBase(TEXTS);

describe('The library of models', () => {
  let folder: string;
  let home: string;
  let source: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openledger-library-'));
    home = join(folder, 'home');
    source = join(folder, 'model');
    await mkdir(source);
    const write = (name: string, json: unknown) => writeFile(join(source, name), JSON.stringify(json));
    await write('config.json', toHuggingFaceConfig(base.config));
    await write('tokenizer.json', tokenizerJson(trainVocabulary(TEXTS, 300, SPECIAL_TOKENS)));
    await write('tokenizer_config.json', tokenizerConfig(64));
    await writeWeights(base.weights);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const writeWeights = (weights: Float32Array) =>
    writeFile(
      join(source, 'model.safetensors'),
      encodeSafetensors(toCheckpoint(base.config, weights), 'F32'),
    );
  const add = (options: { name?: string; licence?: string } = {}) =>
    importBase({ home }, source, { name: 'tiny', licence: 'Apache-2.0', ...options });
  const change = async (name: string, fields: object) => {
    const path = join(source, name);
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...fields }));
  };

  it('takes a model in, with the hashes of its weights and tokenizer, and lists it beside the one that ships', async () => {
    await writeFile(join(source, 'notes.txt'), 'not a part of the model');
    const { directory, card } = await add();
    const loaded = await loadBase(source);
    expect(card).toMatchObject({
      name: 'tiny',
      licence: 'Apache-2.0',
      weightsHash: loaded.weightsHash,
      tokenizerHash: loaded.tokenizerHash,
      parameters: base.weights.length,
    });
    expect(await readdir(directory)).toEqual([
      'config.json',
      'model.safetensors',
      'openledger.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect((await loadBase(directory)).weightsHash).toBe(loaded.weightsHash);
    expect(await listBases({ home })).toEqual([await shippedBase(), { directory, card }]);
  });

  it('knows the model that ships by the hashes of its files', async () => {
    const { card, directory } = await shippedBase();
    const { weightsHash, tokenizerHash, weights } = await loadBase(directory);
    expect(card).toMatchObject({ weightsHash, tokenizerHash, parameters: weights.length });
  });

  it('says what is wrong with a model that cannot be run, and leaves nothing behind', async () => {
    const refused: [string, () => Promise<unknown>][] = [
      ['not an SPDX licence', () => add({ licence: 'free' })],
      ['"../tiny" cannot be', () => add({ name: '../tiny' })],
      ['"ol-1" cannot be', () => add({ name: 'ol-1' })],
    ];
    for (const [message, work] of refused) await expect(work()).rejects.toThrow(message);

    await writeWeights(base.weights.map((value, i) => (i === 5 ? Number.NaN : value)));
    await expect(add()).rejects.toThrow('The weights are damaged');
    await writeWeights(base.weights);
    await change('config.json', { eos_token_id: 5000 });
    await expect(add()).rejects.toThrow('eos_token_id 5000 is outside the vocabulary');
    await change('config.json', { eos_token_id: 1, intermediate_size: 40 });
    await expect(add()).rejects.toThrow('has shape');
    await change('config.json', { intermediate_size: 32, hidden_act: 'gelu' });
    await expect(add()).rejects.toThrow('hidden_act');
    await rm(join(source, 'tokenizer.json'));
    await expect(add()).rejects.toThrow('tokenizer.json is missing');
    expect(await listBases({ home })).toHaveLength(1);
  });

  it('does not replace a model by another of its name', async () => {
    await add();
    await expect(add()).rejects.toThrow('There is a model "tiny" already');
  });
});
