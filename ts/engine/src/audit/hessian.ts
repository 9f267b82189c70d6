import type { LlamaConfig } from '../llama/config.ts';
import { MASKED } from '../llama/training-graph.ts';
import { type BaseModel, frozenWeights } from '../model/base.ts';
import { sharedFloats } from '../numeric/shared.ts';
import { floatsOf, openRuntime, type Runtime, type Session } from '../runtime/runtime.ts';
import { longestOf } from '../training/batches.ts';
import { rowwiseLora, type TrainingManifest } from '../training/manifest.ts';
import { loraGraph } from '../training/stepper.ts';
import { buildHessianGraph, type HessianFeeds } from './hessian-graph.ts';

/** A row of a step without its padding; tokens of weight 0, such as those of the question, have no loss. */
export type HessianRow = {
  readonly ids: BigInt64Array;
  readonly labels: BigInt64Array;
  readonly weights: Float32Array;
};

/** Along one direction. */
export type HessianProduct = {
  /** The Hessian of the rows' weighted loss times the direction. */
  readonly product: Float64Array;
  /** By row, the slope of the loss of its tokens along the direction, without their weights. */
  readonly slopes: Float64Array;
};

/** Hessian products of a run's rows, along several directions at once. */
export class Hessian {
  readonly #config: LlamaConfig;
  readonly #runtime: Runtime;
  readonly #session: Promise<Session>;
  readonly #batch: number;

  private constructor(base: BaseModel, manifest: TrainingManifest, runtime: Runtime) {
    this.#config = base.config;
    this.#runtime = runtime;
    this.#batch = manifest.batches.batch;
    this.#session = runtime.createSession(
      buildHessianGraph(base.config, {
        baseWeights: frozenWeights(base),
        shared: runtime.sharesWeights(base.config),
        lora: loraGraph(rowwiseLora(manifest)),
        longest: longestOf(manifest.batches),
      }),
    );
    // Whoever waits for it first hears of a failure, or nobody if the audit fails before.
    this.#session.catch(() => undefined);
  }

  /** Its session is made while the caller goes on. */
  static async open(base: BaseModel, manifest: TrainingManifest, threads?: number): Promise<Hessian> {
    return new Hessian(base, manifest, await openRuntime(manifest.runtime.profile, { threads }));
  }

  async products(
    rows: readonly HessianRow[],
    parameters: Float32Array,
    directions: readonly Float64Array[],
  ): Promise<HessianProduct[]> {
    const session = await this.#session;
    const size = parameters.length;
    // Products are linear in the direction: unit length keeps float32 far from its limits.
    const lengths = directions.map((direction) =>
      Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0)),
    );
    const pairs = sharedFloats(2 * directions.length * size);
    directions.forEach((direction, k) => {
      pairs.set(parameters, 2 * k * size);
      if (lengths[k] === 0) return;
      for (let i = 0; i < size; i += 1) pairs[(2 * k + 1) * size + i] = direction[i] / lengths[k];
    });
    const results = directions.map(() => ({
      product: new Float64Array(size),
      slopes: new Float64Array(rows.length),
    }));
    // Rows of like length share a batch, which is then hardly padded.
    const order = [...rows.keys()]
      .filter((row) => rows[row].weights.some((weight) => weight !== 0))
      .sort((a, b) => rows[a].ids.length - rows[b].ids.length);
    // A pass holds the values and a tangent for each direction: about as much for many directions as for one.
    const count = Math.max(1, Math.round((2 * this.#batch) / (1 + directions.length)));
    for (let start = 0; start < order.length; start += count) {
      const members = order.slice(start, start + count);
      const batch = members.map((row) => rows[row]);
      const outputs = await session.run(hessianFeeds(this.#config, batch, pairs, directions.length));
      const [products, slopes] = [floatsOf(outputs.products), floatsOf(outputs.slopes)];
      let at = 0;
      results.forEach(({ product, slopes: byRow }, k) => {
        for (let i = 0; i < size; i += 1) product[i] += products[k * size + i] * lengths[k];
        for (const row of members) {
          for (const weight of rows[row].weights) {
            if (weight !== 0) byRow[row] += slopes[at++] * lengths[k];
          }
        }
      });
    }
    return results;
  }

  async close(): Promise<void> {
    await this.#runtime.close();
  }
}

/** The inputs of a graph for some rows. `pairs`: for each direction the parameters and the direction. */
export function hessianFeeds(
  { heads, kvHeads, headDim }: LlamaConfig,
  rows: readonly HessianRow[],
  pairs: Float32Array,
  directions: number,
): HessianFeeds {
  const length = Math.max(...rows.map(({ ids }) => ids.length));
  const count = rows.length * length;
  const size = pairs.length / directions / 2;
  const ids = new BigInt64Array(count);
  const labels: bigint[] = [];
  const weights: number[] = [];
  const scored: number[] = [];
  rows.forEach((row, index) => {
    ids.set(row.ids, index * length);
    row.weights.forEach((weight, i) => {
      if (weight === 0) return;
      labels.push(row.labels[i]);
      weights.push(weight);
      scored.push(index * length + i);
    });
  });
  const places = new BigInt64Array(count).fill(BigInt(scored.length));
  scored.forEach((token, place) => {
    places[token] = BigInt(place);
  });
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i += 1) mask.fill(MASKED, i * length + i + 1, (i + 1) * length);
  const shape = (...dims: number[]) => ({ data: BigInt64Array.from(dims, BigInt), dims: [dims.length] });
  return {
    ids: { data: ids, dims: [1, count] },
    labels: { data: BigInt64Array.from(labels), dims: [1, labels.length] },
    weights: { data: Float32Array.from(weights), dims: [1, weights.length, 1] },
    scored: { data: BigInt64Array.from(scored, BigInt), dims: [scored.length] },
    places: { data: places, dims: [count] },
    mask: { data: mask, dims: [length, length] },
    p: { data: pairs.subarray(0, size), dims: [1, size] },
    pairs: { data: pairs, dims: [directions, 2, size] },
    byHead: shape(0, rows.length, length, -1, headDim),
    stacked: shape(0, -1, length, headDim),
    byRow: shape(0, rows.length, -1, length, headDim),
    grouped: shape(0, -1, heads / kvHeads, length, headDim),
    flat: shape(0, count, -1),
  };
}
