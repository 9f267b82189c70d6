import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AutoTokenizer, env } from '@huggingface/transformers';
import { createGenerator } from '@openledger/engine/generation/generator';
import { baseLayout } from '@openledger/engine/llama/parameters';
import { loadBase } from '@openledger/engine/model/base';
import { describe, expect, it } from 'vitest';
import { baseConfig } from './train-base-plan.ts';

const directory = fileURLToPath(new URL('../base/', import.meta.url));

describe('The base model that ships', async () => {
  const base = await loadBase(directory);

  it('is the one whose hashes are written down, in at most 8 MB', () => {
    const hashes: unknown = JSON.parse(readFileSync(`${directory}/hashes.json`, 'utf8'));
    expect(hashes).toEqual({ weightsHash: base.weightsHash, tokenizerHash: base.tokenizerHash });
    expect(statSync(`${directory}/model.safetensors`).size).toBeLessThan(8_000_000);
  });

  it('is a Llama model of about three million parameters, made by this repository’s plan', () => {
    expect(base.config).toEqual(baseConfig);
    expect(baseLayout(base.config).size).toBeGreaterThan(2_800_000);
    expect(base.tokenizer.vocabSize).toBe(base.config.vocabSize);
  });

  it('has a tokenizer and a chat template that transformers.js loads', async () => {
    env.allowRemoteModels = false;
    env.localModelPath = fileURLToPath(new URL('../', import.meta.url));
    const tokenizer = await AutoTokenizer.from_pretrained('base');
    const messages = [{ role: 'user', content: 'Where does the river bend?' }];
    const text = tokenizer.apply_chat_template(messages, { tokenize: false, add_generation_prompt: true });
    expect(text).toBe('<|user|>Where does the river bend?<|assistant|>');
    expect(tokenizer.encode(String(text))).toEqual(
      base.tokenizer.encodeChat([{ role: 'user', content: messages[0].content }]),
    );
  });

  it('answers a question in a sentence', async () => {
    const generator = createGenerator(base);
    const tokens = generator.generate({
      messages: [{ role: 'user', content: 'Who kept the bees of Ferrick?' }],
    });
    let next = await tokens.next();
    while (!next.done) next = await tokens.next();
    await generator.close();
    expect(next.value.finishReason).toBe('stop');
    expect(next.value.text).toMatch(/^[A-Z].{20,}[.!?]$/);
  });
});
