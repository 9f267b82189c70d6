import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Hex, keccak256 } from 'viem';
import { type LlamaConfig, parseLlamaConfig } from '../llama/config.ts';
import { fromCheckpoint } from '../llama/parameters.ts';
import { decodeSafetensors } from '../safetensors/safetensors.ts';
import { createTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';

/** A base model: everything that training, generation and attribution need of it. */
export type BaseModel = {
  readonly config: LlamaConfig;
  /** All weights as one float32 vector, in the order of `baseLayout(config)`. */
  readonly weights: Float32Array;
  readonly tokenizer: Tokenizer;
  /** keccak256 of `model.safetensors`. */
  readonly weightsHash: Hex;
  /** keccak256 of `tokenizer.json`. */
  readonly tokenizerHash: Hex;
};

/** The files of a base model's folder, in the layout of Hugging Face. */
export const BASE_FILES = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
] as const;

/** Loads a Llama model in Hugging Face layout (`config.json`, `tokenizer.json`, `model.safetensors`, …). */
export async function loadBase(directory: string): Promise<BaseModel> {
  const [config, weights, tokenizer, tokenizerConfig] = await Promise.all(
    ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'].map((name) =>
      readModelFile(directory, name),
    ),
  );
  const llama = parseLlamaConfig(parseJson(config));
  return {
    config: llama,
    weights: fromCheckpoint(llama, decodeSafetensors(weights).tensors),
    tokenizer: createTokenizer(parseJson(tokenizer), parseJson(tokenizerConfig) as Record<string, unknown>),
    weightsHash: keccak256(weights),
    tokenizerHash: keccak256(tokenizer),
  };
}

async function readModelFile(directory: string, name: string): Promise<Uint8Array> {
  const path = join(directory, name);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new Error(
      `The base model is incomplete: ${path} is missing. Run \`npm run train:base\` to make it again.`,
    );
  }
  return readFile(path);
}

function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}
