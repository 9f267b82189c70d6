import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LlamaConfig } from '../llama/config.ts';
import {
  LINEARS,
  type Linear,
  loraLayout,
  type ParameterLayout,
  transposed,
  type WeightTensor,
} from '../llama/parameters.ts';
import { decodeSafetensors, encodeSafetensors } from '../safetensors/safetensors.ts';

/** A LoRA adapter on linear layers of a Llama-family model. */
export type Adapter = {
  readonly rank: number;
  readonly alpha: number;
  /** Rank-stabilised LoRA: scaled by alpha/√rank instead of alpha/rank. */
  readonly rankStabilised: boolean;
  /** The linear layers that it changes, in every block. Default: all seven. */
  readonly targets?: readonly Linear[];
  /** All matrices in the order of `loraLayout(config, rank, targets)`. */
  readonly weights: Float32Array;
};

/** The factor of the low-rank product. */
export function loraScaling(adapter: Pick<Adapter, 'rank' | 'alpha' | 'rankStabilised'>): number {
  return adapter.alpha / (adapter.rankStabilised ? Math.sqrt(adapter.rank) : adapter.rank);
}

export const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors'] as const;

/** Fields of `adapter_config.json` whose other values would change what the adapter computes. */
const adapterConfigSchema = z.object({
  peft_type: z.literal('LORA'),
  r: z.number().int().positive(),
  lora_alpha: z.number().positive(),
  use_rslora: z.boolean().nullish(),
  target_modules: z.union([z.array(z.string()).min(1), z.literal('all-linear')]),
  bias: z.literal('none').nullish(),
  lora_bias: z.literal(false).nullish(),
  modules_to_save: empty(),
  rank_pattern: empty(),
  alpha_pattern: empty(),
  layers_to_transform: empty(),
  layer_replication: empty(),
  target_parameters: empty(),
  trainable_token_indices: empty(),
  alora_invocation_tokens: empty(),
  use_dora: z.literal(false).nullish(),
  use_qalora: z.literal(false).nullish(),
  /** PiSSA, OLoRA, CorDA and LoftQ change the base weights as well. */
  init_lora_weights: z.union([z.boolean(), z.enum(['gaussian', 'eva', 'orthogonal'])]).nullish(),
});

/** Nothing, in any of the ways in which JSON says so. */
function empty() {
  const isEmpty = (value: unknown) => value == null || Object.keys(value).length === 0;
  return z
    .unknown()
    .refine(isEmpty, 'must be empty: this engine trains and serves one rank and alpha on whole layers')
    .optional();
}

/** An adapter as the two files of Hugging Face PEFT. Equal adapters give equal bytes. */
export function encodeAdapter(config: LlamaConfig, adapter: Adapter): Map<string, Uint8Array> {
  const tensors = new Map<string, WeightTensor>();
  for (const { name, shape, offset, size } of adapterLayout(config, adapter).slots) {
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
    target_modules: [...targetsOf(adapter)],
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
  const result = adapterConfigSchema.safeParse(JSON.parse(new TextDecoder().decode(json)));
  if (!result.success) {
    throw new Error(
      `adapter_config.json describes an adapter that this engine cannot run: ${z.prettifyError(result.error)}`,
    );
  }
  const { r: rank, lora_alpha: alpha, use_rslora, target_modules } = result.data;
  const tensors = new Map(
    [...decodeSafetensors(bytes).tensors].map(([name, tensor]) => [slotName(name), tensor]),
  );
  const targets = targetsIn(target_modules, tensors);
  const layout = loraLayout(config, rank, targets);
  const weights = new Float32Array(layout.size);
  for (const { name, shape, offset } of layout.slots) {
    const tensor = tensors.get(name);
    const [rows, columns] = shape;
    if (tensor === undefined || tensor.shape[0] !== columns || tensor.shape[1] !== rows) {
      throw new Error(
        `The adapter does not fit the base model: ${peftName(name)} should be [${columns}, ${rows}].`,
      );
    }
    weights.set(transposed(tensor.data, columns, rows), offset);
    tensors.delete(name);
  }
  const [extra] = tensors.keys();
  if (extra !== undefined) {
    throw new Error(`The adapter does not fit the base model, which has no place for ${extra}.`);
  }
  return { rank, alpha, rankStabilised: use_rslora ?? false, targets, weights };
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

/** The linear layers that an adapter changes, in the order of `LINEARS`. */
export function targetsOf(adapter: Pick<Adapter, 'targets'>): Linear[] {
  return LINEARS.filter((linear) => adapter.targets?.includes(linear) ?? true);
}

/** Where each matrix lies in an adapter's weights. */
export function adapterLayout(
  config: LlamaConfig,
  { rank, targets }: Pick<Adapter, 'rank' | 'targets'>,
): ParameterLayout {
  return loraLayout(config, rank, targets);
}

/**
 * The adapter as decode graphs take it, in the order of `loraLayout(config, rank)`: on all seven linear layers,
 * with zeros where it changes nothing, and with the scaling multiplied into B.
 */
export function decodeWeights(config: LlamaConfig, adapter: Adapter): Float32Array {
  const scaling = loraScaling(adapter);
  const own = new Map(adapterLayout(config, adapter).slots.map((slot) => [slot.name, slot]));
  const whole = loraLayout(config, adapter.rank);
  const weights = new Float32Array(whole.size);
  for (const { name, offset } of whole.slots) {
    const slot = own.get(name);
    if (slot === undefined) continue;
    const factor = name.endsWith('.lora_B') ? scaling : 1;
    for (let i = 0; i < slot.size; i += 1) weights[offset + i] = factor * adapter.weights[slot.offset + i];
  }
  return weights;
}

/** The layers that the tensors belong to; each must be one that `target_modules` names. */
function targetsIn(
  modules: readonly string[] | 'all-linear',
  tensors: ReadonlyMap<string, WeightTensor>,
): Linear[] {
  const named = modules === 'all-linear' ? LINEARS : modules.map((path) => path.split('.').at(-1));
  for (const name of named) {
    if (LINEARS.some((linear) => linear === name)) continue;
    throw new Error(
      `adapter_config.json: target_modules has ${JSON.stringify(name)}; this engine runs adapters on ${LINEARS.join(', ')}.`,
    );
  }
  const present = (linear: Linear) => [...tensors.keys()].some((name) => name.includes(`.${linear}.lora_`));
  const targets = LINEARS.filter((linear) => named.includes(linear) && present(linear));
  if (targets.length === 0) throw new Error('The adapter has no LoRA tensors of its target modules.');
  return targets;
}

function peftName(name: string): string {
  return `base_model.model.${name}.weight`;
}

/** Our name of a PEFT tensor. Adapters of a model without its head lack one `model.`, older files have `.default`. */
function slotName(name: string): string {
  const bare = name.replace(/^base_model\.model\./, '').replace(/(\.default)?\.weight$/, '');
  return bare.startsWith('layers.') ? `model.${bare}` : bare;
}
