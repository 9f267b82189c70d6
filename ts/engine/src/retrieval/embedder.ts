import { keccak256 } from 'viem';
import { buildDecodeGraph } from '../llama/decode-graph.ts';
import { loraLayout } from '../llama/parameters.ts';
import { type BaseModel, frozenWeights } from '../model/base.ts';
import { openRuntime, type Tensor } from '../runtime/runtime.ts';

/** Turns texts into vectors of length 1, so that their inner product says how alike they are. */
export type Embedder = {
  /** Changes whenever the vectors do: what was kept under another id is computed again. */
  readonly id: string;
  readonly dimensions: number;
  embed(text: string): Promise<Float32Array>;
  close(): Promise<void>;
};

/** The mean of the base model's last hidden states over a text's tokens, the rest cut off. */
export async function createBaseEmbedder(base: BaseModel): Promise<Embedder> {
  const { config, tokenizer } = base;
  const runtime = await openRuntime('native');
  const session = await runtime.createSession(
    buildDecodeGraph(config, {
      baseWeights: frozenWeights(base),
      hidden: true,
      shared: runtime.sharesWeights(base.config),
    }),
    emptyPast(base),
  );
  return {
    id: `base ${base.weightsHash} ${base.tokenizerHash}`,
    dimensions: config.hiddenSize,
    async embed(text) {
      const tokens = tokenizer.encode(text).slice(0, config.maxPositions);
      if (tokens.length === 0) return new Float32Array(config.hiddenSize);
      const count = tokens.length;
      const ids = { data: BigInt64Array.from(tokens, BigInt), dims: [1, count] };
      const positions = { data: BigInt64Array.from(tokens, (_, i) => BigInt(i)), dims: [1, count] };
      const mask = { data: causalMask(count), dims: [1, 1, count, count] };
      const { hidden } = await session.run({ ids, positions, mask_new: mask });
      return unit(meanRows(hidden!.data as Float32Array, config.hiddenSize));
    },
    close: () => runtime.close(),
  };
}

/** A feature-extraction model of transformers.js, from a folder on this machine; nothing is fetched. */
export async function createFolderEmbedder(folder: string): Promise<Embedder> {
  const { pipeline } = await import('@huggingface/transformers');
  const extract = await pipeline('feature-extraction', folder, { local_files_only: true, dtype: 'fp32' });
  const vectorOf = async (text: string) => {
    const { data } = await extract(text, { pooling: 'mean', normalize: true });
    return Float32Array.from(data as Float32Array);
  };
  const probe = await vectorOf('probe');
  return {
    id: `folder ${keccak256(new Uint8Array(probe.buffer))}`,
    dimensions: probe.length,
    embed: vectorOf,
    close: async () => void (await extract.dispose()),
  };
}

/** No cached positions and no adapter, which the decode graph takes as inputs like any others. */
function emptyPast({ config }: BaseModel): Record<string, Tensor> {
  const { layers, kvHeads, headDim } = config;
  const none = { data: new Float32Array(0), dims: [1, kvHeads, 0, headDim] };
  const past = Array.from({ length: layers }, (_, layer) => [
    [`past.${layer}.k`, none],
    [`past.${layer}.v`, none],
  ]).flat();
  const zeros = loraLayout(config, 1).slots.map(({ name, shape, size }) => [
    name,
    { data: new Float32Array(size), dims: [1, ...shape] },
  ]);
  const mask = ['mask_past', { data: new Float32Array(0), dims: [1, 1, 1, 0] }];
  return Object.fromEntries([...past, ...zeros, mask]);
}

function causalMask(length: number): Float32Array {
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i += 1) mask.fill(-1e9, i * length + i + 1, (i + 1) * length);
  return mask;
}

function meanRows(values: Float32Array, width: number): Float32Array {
  const mean = new Float32Array(width);
  const rows = values.length / width;
  for (let i = 0; i < values.length; i += 1) mean[i % width]! += values[i]! / rows;
  return mean;
}

function unit(vector: Float32Array): Float32Array {
  const norm = Math.hypot(...vector);
  return norm === 0 ? vector : vector.map((value) => value / norm);
}
