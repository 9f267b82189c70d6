import type { Adapter } from '../adapter/peft.ts';
import { weightBytes } from '../llama/quantize.ts';
import type { BaseModel } from '../model/base.ts';
import { DEFAULT_THREADS, type Profile } from '../runtime/profile.ts';
import { openRuntime, type Runtime } from '../runtime/runtime.ts';
import type { Sample } from '../training/rows.ts';
import type { Basis } from './basis.ts';
import { RowGradients } from './gradients.ts';
import { createProjector } from './projection.ts';
import { precondition } from './sketch.ts';

/** Rows as vectors z: gradients on Adam's scale, projected where a basis says so. */
export class RowVectors {
  readonly #gradients: RowGradients;
  readonly #preconditioner: Float32Array;
  readonly #project: (vector: Float32Array) => Float32Array;

  constructor(
    base: BaseModel,
    adapter: Adapter,
    runtime: Runtime,
    basis: Pick<Basis, 'preconditioner' | 'projection'>,
  ) {
    this.#gradients = new RowGradients(base, adapter, runtime);
    this.#preconditioner = basis.preconditioner;
    this.#project =
      basis.projection === null
        ? (vector) => vector
        : createProjector(adapter.weights.length, basis.projection);
  }

  async vector(sample: Sample): Promise<Float32Array> {
    const gradient = await this.#gradients.gradient(sample);
    return this.#project(precondition(gradient, this.#preconditioner));
  }
}

/** A larger base gets one lane with all threads: each lane holds the base once for every graph length. */
const LANE_BYTES = 2 ** 26;

/**
 * Vectors of many rows. A row's graph is small: two rows side by side, in one thread each, are done sooner than one
 * after the other in two threads. The bits are the same.
 */
export class VectorLanes {
  readonly #runtimes: readonly Runtime[];
  readonly #lanes: readonly RowVectors[];

  private constructor(runtimes: readonly Runtime[], lanes: readonly RowVectors[]) {
    this.#runtimes = runtimes;
    this.#lanes = lanes;
  }

  /** `threads`: how many work altogether. */
  static async open(
    base: BaseModel,
    adapter: Adapter,
    basis: Pick<Basis, 'preconditioner' | 'projection'>,
    { profile, threads = DEFAULT_THREADS }: { readonly profile: Profile; readonly threads?: number },
  ): Promise<VectorLanes> {
    const lanes = weightBytes(base.config) > LANE_BYTES ? 1 : threads;
    const runtimes = await Promise.all(
      Array.from({ length: lanes }, () => openRuntime(profile, { threads: threads / lanes })),
    );
    return new VectorLanes(
      runtimes,
      runtimes.map((runtime) => new RowVectors(base, adapter, runtime, basis)),
    );
  }

  /** Computes a vector per sample and hands it over with the sample's index, in the order in which they are done. */
  async each(samples: readonly Sample[], done: (index: number, vector: Float32Array) => void): Promise<void> {
    let next = 0;
    await Promise.all(
      this.#lanes.map(async (lane) => {
        while (next < samples.length) {
          const index = next;
          next += 1;
          done(index, await lane.vector(samples[index]));
        }
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#runtimes.map((runtime) => runtime.close()));
  }
}
