import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.ts';
import type { LlamaConfig } from '../llama/config.ts';
import { checkpointTensors } from '../llama/parameters.ts';
import type { Graph } from '../onnx/graph.ts';
import { type StoredType, safetensorsParts } from '../safetensors/safetensors.ts';
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
  /** An ONNX model with more bytes than this is written as several files, each no larger. Default 1.9 GiB. */
  readonly splitAbove?: number;
};

/** Below 2 GiB, where protocol buffers end, and what a browser holds in one piece. */
const SPLIT_ABOVE = 1.9 * 2 ** 30;

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
    const graph = exportOnnx(config, weights, format === 'onnx-q4' ? 'q4' : undefined);
    return writeOnnx(target, ONNX_NAMES[format], graph, options.splitAbove ?? SPLIT_ABOVE);
  }
  const path = join(target, 'model.safetensors');
  await writeFileAtomic(path, safetensorsParts(checkpointTensors(config, weights), stored));
  await setPrecision(join(target, 'config.json'), stored);
  return path;
}

/** Writes an ONNX model, its weights in files of their own (`model.onnx_data`, `model.onnx_data_1` …) when it is large. */
async function writeOnnx(target: string, name: string, graph: Graph, splitAbove: number): Promise<string> {
  const folder = join(target, 'onnx');
  const path = join(folder, name);
  await mkdir(folder, { recursive: true });
  if (graph.constantBytes <= splitAbove) {
    await writeFileAtomic(path, graph.buildFile());
    return path;
  }
  const nameOf = (index: number) => `${name}_data${index === 0 ? '' : `_${index}`}`;
  const { bytes, data } = graph.buildFiles(nameOf, splitAbove);
  for (const [index, parts] of data.entries()) await writeFileAtomic(join(folder, nameOf(index)), parts);
  await writeFileAtomic(path, bytes);
  await changeConfig(join(target, 'config.json'), (config) => {
    const js = config['transformers.js_config'] as Record<string, unknown> | undefined;
    const files = js?.use_external_data_format;
    const known = typeof files === 'object' ? files : {};
    const format = { ...known, [name]: data.length };
    return { ...config, 'transformers.js_config': { ...js, use_external_data_format: format } };
  });
  return path;
}

/** Says in `config.json` how the weights are stored: loaders take that as the type to compute in. */
async function setPrecision(path: string, stored: StoredType): Promise<void> {
  await changeConfig(path, ({ torch_dtype: _, dtype: __, ...config }) => {
    return { ...config, torch_dtype: stored === 'F32' ? 'float32' : 'float16' };
  });
}

type Json = Record<string, unknown>;

async function changeConfig(path: string, change: (config: Json) => Json): Promise<void> {
  const config = change(JSON.parse(await readFile(path, 'utf8')) as Json);
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`);
}
