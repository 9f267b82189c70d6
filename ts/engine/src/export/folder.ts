import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LlamaConfig } from '../llama/config.ts';
import { toCheckpoint } from '../llama/parameters.ts';
import { encodeSafetensors, type StoredType } from '../safetensors/safetensors.ts';
import { exportOnnx } from './onnx.ts';

/** The forms in which a whole model can be written. */
export const MODEL_FORMATS = ['safetensors', 'onnx', 'onnx-q4'] as const;
export type ModelFormat = (typeof MODEL_FORMATS)[number];

export type ExportOptions = {
  /** The base model's folder: where tokenizer and settings come from. */
  readonly source: string;
  /** Where the model goes; created if need be. */
  readonly target: string;
  readonly config: LlamaConfig;
  /** In `baseLayout` order, an adapter merged in. */
  readonly weights: Float32Array;
  readonly format: ModelFormat;
  /** Precision of the numbers in `model.safetensors`. Default F32. */
  readonly stored?: StoredType;
};

/** Where transformers.js looks for `dtype: 'fp32'` and `dtype: 'q4'`. */
const ONNX_NAMES = { onnx: 'model.onnx', 'onnx-q4': 'model_q4.onnx' } as const;

/** What a model's folder holds beside its weights. */
const SETTINGS = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'LICENSE',
] as const;

/**
 * Writes a model as a folder in Hugging Face layout: `model.safetensors` for Python, or an ONNX file for
 * transformers.js, with tokenizer and settings beside it. Returns the path of the weights.
 */
export async function exportModel(options: ExportOptions): Promise<string> {
  const { source, target, config, weights, format, stored = 'F32' } = options;
  await mkdir(target, { recursive: true });
  for (const name of SETTINGS) {
    const found = await stat(join(source, name)).catch(() => undefined);
    if (found !== undefined) await copyFile(join(source, name), join(target, name));
  }
  if (format !== 'safetensors') {
    const path = join(target, 'onnx', ONNX_NAMES[format]);
    await mkdir(join(target, 'onnx'), { recursive: true });
    await writeFile(path, exportOnnx(config, weights, format === 'onnx-q4' ? 'q4' : undefined));
    return path;
  }
  const path = join(target, 'model.safetensors');
  await writeFile(path, encodeSafetensors(toCheckpoint(config, weights), stored));
  await setPrecision(join(target, 'config.json'), stored);
  return path;
}

/** Says in `config.json` how the weights are stored: loaders take that as the type to compute in. */
async function setPrecision(path: string, stored: StoredType): Promise<void> {
  const {
    torch_dtype: _,
    dtype: __,
    ...config
  } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  const name = stored === 'F32' ? 'float32' : 'float16';
  await writeFile(path, `${JSON.stringify({ ...config, torch_dtype: name }, null, 2)}\n`);
}
