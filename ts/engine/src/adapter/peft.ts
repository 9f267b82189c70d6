import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LlamaConfig } from '../llama/config.ts';
import { LINEARS, loraLayout, transposed, type WeightTensor } from '../llama/parameters.ts';
import { decodeSafetensors, encodeSafetensors } from '../safetensors/safetensors.ts';

/** A LoRA adapter on all seven linear layers of a Llama model. */
export type Adapter = {
  readonly rank: number;
  readonly alpha: number;
  /** Rank-stabilised LoRA: scaled by alpha/√rank instead of alpha/rank. */
  readonly rankStabilised: boolean;
  /** All matrices in the order of `loraLayout(config, rank)`. */
  readonly weights: Float32Array;
};

/** The factor of the low-rank product. */
export function loraScaling(adapter: Pick<Adapter, 'rank' | 'alpha' | 'rankStabilised'>): number {
  return adapter.alpha / (adapter.rankStabilised ? Math.sqrt(adapter.rank) : adapter.rank);
}

export const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors'] as const;

const adapterConfigSchema = z.object({
  peft_type: z.literal('LORA'),
  r: z.number().int().positive(),
  lora_alpha: z.number().positive(),
  use_rslora: z.boolean().optional(),
  target_modules: z.array(z.string()),
  bias: z.literal('none').optional(),
  modules_to_save: z.null().optional(),
  use_dora: z.literal(false).optional(),
});

/** An adapter as the two files of Hugging Face PEFT. Equal adapters give equal bytes. */
export function encodeAdapter(config: LlamaConfig, adapter: Adapter): Map<string, Uint8Array> {
  const tensors = new Map<string, WeightTensor>();
  for (const { name, shape, offset, size } of loraLayout(config, adapter.rank).slots) {
    const [rows, columns] = shape;
    const data = transposed(adapter.weights.subarray(offset, offset + size), rows, columns);
    tensors.set(peftName(name), { shape: [columns, rows], data });
  }
  const json = {
    base_model_name_or_path: null,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: adapter.alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: adapter.rank,
    target_modules: [...LINEARS],
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: adapter.rankStabilised,
  };
  return new Map([
    ['adapter_config.json', new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`)],
    ['adapter_model.safetensors', encodeSafetensors(tensors, 'F32')],
  ]);
}

/** Reads the two files of a PEFT adapter. */
export function decodeAdapter(config: LlamaConfig, files: ReadonlyMap<string, Uint8Array>): Adapter {
  const [json, bytes] = ADAPTER_FILES.map((name) => {
    const file = files.get(name);
    if (file === undefined) throw new Error(`The adapter has no ${name}.`);
    return file;
  });
  const parsed = adapterConfigSchema.parse(JSON.parse(new TextDecoder().decode(json)));
  const missing = LINEARS.filter((linear) => !parsed.target_modules.includes(linear));
  if (missing.length > 0) {
    throw new Error(
      `This engine serves adapters on all linear layers; this one lacks ${missing.join(', ')}.`,
    );
  }
  const { tensors } = decodeSafetensors(bytes);
  const layout = loraLayout(config, parsed.r);
  const weights = new Float32Array(layout.size);
  for (const { name, shape, offset } of layout.slots) {
    const tensor = tensors.get(peftName(name));
    const [rows, columns] = shape;
    if (tensor === undefined || tensor.shape[0] !== columns || tensor.shape[1] !== rows) {
      throw new Error(
        `The adapter does not fit the base model: ${peftName(name)} should be [${columns}, ${rows}].`,
      );
    }
    weights.set(transposed(tensor.data, columns, rows), offset);
  }
  return { rank: parsed.r, alpha: parsed.lora_alpha, rankStabilised: parsed.use_rslora ?? false, weights };
}

/** Writes an adapter to a folder in PEFT layout. */
export async function writeAdapter(directory: string, config: LlamaConfig, adapter: Adapter): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, bytes] of encodeAdapter(config, adapter)) await writeFile(join(directory, name), bytes);
}

/** Reads an adapter from a folder in PEFT layout. */
export async function readAdapter(directory: string, config: LlamaConfig): Promise<Adapter> {
  const files = new Map<string, Uint8Array>();
  for (const name of ADAPTER_FILES) files.set(name, await readFile(join(directory, name)));
  return decodeAdapter(config, files);
}

function peftName(name: string): string {
  return `base_model.model.${name}.weight`;
}
