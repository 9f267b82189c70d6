import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHuggingFaceConfig } from '../src/llama/config.ts';
import { toCheckpoint } from '../src/llama/parameters.ts';
import { encodeSafetensors } from '../src/safetensors/safetensors.ts';
import { SPECIAL_TOKENS, tokenizerConfig, tokenizerJson } from '../src/tokenizer/files.ts';
import { trainVocabulary } from '../src/tokenizer/trainer.ts';
import { TINY_TEXT, tinyBase } from './tiny-base.ts';

/** Writes the tiny model in Hugging Face layout, for programs that load it from a folder. */
export function writeTinyBase(folder: string): void {
  const { config, weights } = tinyBase();
  mkdirSync(folder, { recursive: true });
  const json = {
    'config.json': { ...toHuggingFaceConfig(config), torch_dtype: 'float32' },
    'generation_config.json': { eos_token_id: 1, pad_token_id: 0 },
    'tokenizer.json': tokenizerJson(trainVocabulary([TINY_TEXT], 320, SPECIAL_TOKENS)),
    'tokenizer_config.json': tokenizerConfig(config.maxPositions),
  };
  for (const [name, value] of Object.entries(json)) writeFileSync(join(folder, name), JSON.stringify(value));
  writeFileSync(join(folder, 'model.safetensors'), encodeSafetensors(toCheckpoint(config, weights), 'F32'));
}
