import { type Adapter, adapterLayout } from '../adapter/peft.ts';
import type { BaseModel } from '../model/base.ts';
import type { Runtime } from '../runtime/runtime.ts';
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
        : createProjector(adapterLayout(base.config, adapter), basis.projection);
  }

  async vector(sample: Sample): Promise<Float32Array> {
    const gradient = await this.#gradients.gradient(sample);
    return this.#project(precondition(gradient, this.#preconditioner));
  }
}
