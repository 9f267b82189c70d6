import { Graph, type Model } from '../onnx/graph.ts';
import type { Runtime, Session } from '../runtime/runtime.ts';

/**
 * Matrix products in a numeric profile: many times faster than loops, and off the caller's thread.
 * All matrices are row-major float32.
 */
export class Matrices {
  readonly #timesTransposed: Session;
  readonly #times: Session;

  private constructor(timesTransposed: Session, times: Session) {
    this.#timesTransposed = timesTransposed;
    this.#times = times;
  }

  static async open(runtime: Runtime): Promise<Matrices> {
    return new Matrices(
      await runtime.createSession(productModel(1)),
      await runtime.createSession(productModel(0)),
    );
  }

  /** a·bᵀ `[m, n]` of a `[m, inner]` and b `[n, inner]`. */
  async timesTransposed(a: Float32Array, b: Float32Array, inner: number): Promise<Float32Array> {
    const feeds = {
      a: { data: a, dims: [a.length / inner, inner] },
      b: { data: b, dims: [b.length / inner, inner] },
    };
    return (await this.#timesTransposed.run(feeds)).y.data as Float32Array;
  }

  /** a·b `[m, n]` of a `[m, inner]` and b `[inner, n]`. */
  async times(a: Float32Array, b: Float32Array, inner: number): Promise<Float32Array> {
    const feeds = {
      a: { data: a, dims: [a.length / inner, inner] },
      b: { data: b, dims: [inner, b.length / inner] },
    };
    return (await this.#times.run(feeds)).y.data as Float32Array;
  }
}

function productModel(transB: 0 | 1): Model {
  const graph = new Graph();
  const a = graph.input('a', 'f32', ['m', 'inner']);
  const b = graph.input('b', 'f32', transB === 1 ? ['n', 'inner'] : ['inner', 'n']);
  const y = graph.op('Gemm', [a, b], { shape: [-1, -1] }, { attributes: { transB } });
  graph.output(y, 'y', ['m', 'n']);
  return graph.build();
}
