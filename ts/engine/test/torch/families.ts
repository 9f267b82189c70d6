import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LlamaConfig, toHuggingFaceConfig } from '../../src/llama/config.ts';
import { baseLayout, toCheckpoint } from '../../src/llama/parameters.ts';
import { Random } from '../../src/numeric/random.ts';
import { encodeSafetensors } from '../../src/safetensors/safetensors.ts';

const TOKENIZERS = fileURLToPath(new URL('../../golden/tokenizers', import.meta.url));

const shape: LlamaConfig = {
  vocabSize: 0,
  hiddenSize: 40,
  intermediateSize: 72,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 10,
  rmsNormEps: 1e-5,
  ropeTheta: 500,
  maxPositions: 256,
  tiedEmbeddings: true,
  eosTokenIds: [1],
  padTokenId: 0,
};

type Family = 'llama2' | 'llama3' | 'mistral' | 'qwen2';

/** What models of the family differ in. Widths are no multiples of a block. */
export const families: Readonly<Record<Family, Partial<LlamaConfig>>> = {
  llama2: { kvHeads: 4, ropeScaling: { type: 'linear', factor: 2 } },
  llama3: {
    tiedEmbeddings: false,
    ropeScaling: {
      type: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalPositions: 32,
    },
  },
  mistral: { tiedEmbeddings: false },
  qwen2: { biases: ['q_proj', 'k_proj', 'v_proj'] },
};

/** Writes a random model of a family in Hugging Face layout, its weights in two files. */
export function writeFamily(folder: string, family: Family): void {
  mkdirSync(folder, { recursive: true });
  const tokenizer = family === 'mistral' ? 'llama2' : family;
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(TOKENIZERS, tokenizer, name), join(folder, name));
  const { model, added_tokens } = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));
  const ids = [...Object.values<number>(model.vocab), ...added_tokens.map(({ id }: { id: number }) => id)];
  const config = { ...shape, ...families[family], vocabSize: Math.max(...ids) + 1 };
  const random = new Random(7);
  const flat = new Float32Array(baseLayout(config).size);
  for (const { name, offset, size } of baseLayout(config).slots)
    for (let i = offset; i < offset + size; i += 1)
      flat[i] = (name.includes('norm') ? 1 : 0) + 0.2 * random.normal();
  const tensors = [...toCheckpoint(config, flat)];
  const weightMap: Record<string, string> = {};
  for (const part of [0, 1]) {
    const file = `model-0000${part + 1}-of-00002.safetensors`;
    const own = tensors.filter((_, i) => i % 2 === part);
    for (const [name] of own) weightMap[name] = file;
    writeFileSync(join(folder, file), encodeSafetensors(new Map(own), part === 0 ? 'F32' : 'F16'));
  }
  writeFileSync(
    join(folder, 'model.safetensors.index.json'),
    JSON.stringify({ metadata: {}, weight_map: weightMap }),
  );
  // A window that the longest rows just reach.
  const mistral = { model_type: 'mistral', architectures: ['MistralForCausalLM'], sliding_window: 64 };
  const json = { ...toHuggingFaceConfig(config), ...(family === 'mistral' ? mistral : {}) };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(json));
}
