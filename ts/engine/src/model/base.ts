import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { taggedHash } from '@openledger/sdk/protocol/bytes';
import type { Hex } from 'viem';
import { z } from 'zod';
import { keccakBytes, keccakStream } from '../files/keccak.ts';
import { type LlamaConfig, parseLlamaConfig } from '../llama/config.ts';
import { flatWeights, type PutTensor, WeightFiller } from '../llama/parameters.ts';
import { type BaseWeights, type FourBitWeights, fourBitWeights } from '../llama/quantize.ts';
import { visitSafetensors } from '../safetensors/file.ts';
import { createTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';

/** A base model: everything that training, generation and attribution need of it. */
export type BaseModel = {
  readonly config: LlamaConfig;
  /** All weights as one float32 vector, in the order of `baseLayout(config)`. Throws when the base is `fourBit`. */
  readonly weights: Float32Array;
  /** Present when the base was loaded in four bits alone: graphs of other runs cannot be made of it. */
  readonly fourBit?: FourBitWeights;
  readonly tokenizer: Tokenizer;
  /** Hash of the weight files; see `hashWeights`. */
  readonly weightsHash: Hex;
  /** keccak256 of `tokenizer.json`. */
  readonly tokenizerHash: Hex;
};

/** The files of a base model's folder with one weights file, in the layout of Hugging Face. */
export const BASE_FILES = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
] as const;

const WEIGHTS_FILE = 'model.safetensors';
const WEIGHTS_INDEX = 'model.safetensors.index.json';
const OPTIONAL_FILES = ['chat_template.jinja', 'generation_config.json'];

/**
 * Loads a model of the Llama family in Hugging Face layout: `config.json`, `tokenizer.json`,
 * `tokenizer_config.json` and the weights in `model.safetensors`, or in the files that
 * `model.safetensors.index.json` names. `generation_config.json` and `chat_template.jinja` are read if present.
 *
 * Weights are read tensor by tensor into the one copy that the model keeps: in float32, or with `quantization` `q4` the
 * linear layers in four bits, in an eighth of the memory. That is enough for runs with that quantization.
 */
export async function loadBase(
  directory: string,
  { quantization }: { readonly quantization?: 'q4' } = {},
): Promise<BaseModel> {
  const settings = await loadSettings(directory);
  const { config } = settings;
  if (quantization === 'q4') {
    const { fourBit, put } = fourBitWeights();
    const weightsHash = await readWeights(directory, config, put);
    return {
      ...settings,
      weightsHash,
      fourBit,
      get weights(): Float32Array {
        throw new Error('This base was loaded in four bits alone. Load it whole for what needs float32.');
      },
    };
  }
  const { weights, put } = flatWeights(config);
  return { ...settings, weightsHash: await readWeights(directory, config, put), weights };
}

/** The frozen weights of a base, for graphs. */
export function frozenWeights(base: Pick<BaseModel, 'weights' | 'fourBit'>): BaseWeights {
  return base.fourBit ?? base.weights;
}

/** What a run needs to know of a base before it loads it: all but its weights. */
export async function identifyBase(directory: string): Promise<Omit<BaseModel, 'weights' | 'fourBit'>> {
  const settings = await loadSettings(directory);
  return { ...settings, weightsHash: await readWeights(directory, settings.config) };
}

async function loadSettings(
  directory: string,
): Promise<Pick<BaseModel, 'config' | 'tokenizer' | 'tokenizerHash'>> {
  const [config, generation, tokenizer, tokenizerConfig, template] = await Promise.all([
    readModelFile(directory, 'config.json'),
    readOptional(directory, 'generation_config.json'),
    readModelFile(directory, 'tokenizer.json'),
    readModelFile(directory, 'tokenizer_config.json'),
    readOptional(directory, 'chat_template.jinja'),
  ]);
  const settings = parseJson(tokenizerConfig) as Record<string, unknown>;
  if (template !== undefined) settings.chat_template = new TextDecoder().decode(template);
  return {
    config: withStopTokens(parseLlamaConfig(parseJson(config)), generation),
    tokenizer: createTokenizer(parseJson(tokenizer), settings),
    tokenizerHash: keccakBytes(tokenizer),
  };
}

/** Reads the weight files, hands every tensor to `put`, and returns their hash. Without `put` it only hashes. */
async function readWeights(directory: string, config: LlamaConfig, put?: PutTensor): Promise<Hex> {
  const filler = put && new WeightFiller(config, put);
  const hashes: Hex[] = [];
  for (const name of await weightFiles(directory)) {
    const hash = await keccakStream();
    await visitSafetensors(join(directory, name), {
      bytes: (part) => hash.update(part),
      wants: (tensor) => filler?.wants(tensor) ?? false,
      tensor: (tensorName, tensor) => filler?.add(tensorName, tensor),
    });
    hashes.push(hash.digest());
  }
  filler?.finish();
  return hashWeights(hashes);
}

/**
 * The hash of a model's weights from the hashes of its files, in the order of their names: of one file the
 * file's own, of several `keccak(0x3a ‖ hash32 × files)`.
 */
export function hashWeights(fileHashes: readonly Hex[]): Hex {
  if (fileHashes.length === 1) return fileHashes[0];
  return taggedHash(0x3a, ...fileHashes);
}

/** The names of all files in a folder that belong to its model. */
export async function listBaseFiles(directory: string): Promise<string[]> {
  const weights = await weightFiles(directory);
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', ...weights];
  const present = async (name: string) => (await exists(join(directory, name))) && name;
  const optional = await Promise.all([...OPTIONAL_FILES, WEIGHTS_INDEX].map(present));
  return [...names, ...optional.filter((name) => name !== false)].sort();
}

const indexSchema = z.object({
  weight_map: z.record(z.string(), z.string().regex(/^[^/\\]+\.safetensors$/)),
});

/** The files that hold the weights, in the order of their names. */
async function weightFiles(directory: string): Promise<string[]> {
  if (await exists(join(directory, WEIGHTS_FILE))) return [WEIGHTS_FILE];
  const index = await readOptional(directory, WEIGHTS_INDEX);
  if (index === undefined) throw missing(join(directory, WEIGHTS_FILE));
  const parsed = indexSchema.safeParse(parseJson(index));
  if (!parsed.success) throw new Error(`${WEIGHTS_INDEX}: ${z.prettifyError(parsed.error)}`);
  const names = [...new Set(Object.values(parsed.data.weight_map))].sort();
  for (const name of names) {
    if (!(await exists(join(directory, name)))) throw missing(join(directory, name));
  }
  return names;
}

const generationSchema = z.object({
  eos_token_id: z.union([z.number().int(), z.array(z.number().int())]).nullish(),
});

/** Chat models name further tokens that end an answer in their generation settings. */
function withStopTokens(config: LlamaConfig, generation: Uint8Array | undefined): LlamaConfig {
  if (generation === undefined) return config;
  const more = generationSchema.parse(parseJson(generation)).eos_token_id ?? [];
  return { ...config, eosTokenIds: [...new Set([...config.eosTokenIds, ...[more].flat()])] };
}

async function readModelFile(directory: string, name: string): Promise<Uint8Array> {
  const bytes = await readOptional(directory, name);
  if (bytes === undefined) throw missing(join(directory, name));
  return bytes;
}

async function readOptional(directory: string, name: string): Promise<Uint8Array | undefined> {
  const path = join(directory, name);
  return (await exists(path)) ? readFile(path) : undefined;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function missing(path: string): Error {
  return new Error(
    `The base model is incomplete: ${path} is missing. Copy the whole Hugging Face folder; for the model that ships, run \`npm run train:base\`.`,
  );
}

function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}
