import { Worker } from 'node:worker_threads';
import type { TensorData } from '../onnx/graph.ts';
import { DEFAULT_THREADS, type Device, type Profile } from './profile.ts';
import type { WorkerReply, WorkerRequest } from './worker.ts';

/** Values with their dimensions, as fed to and returned by a session. */
export type Tensor<D extends TensorData = TensorData> = {
  readonly data: D;
  readonly dims: readonly number[];
};

/** A loaded model. */
export type Session = {
  /**
   * Runs the model. Inputs that never change can be given once, to `createSession`.
   * Arrays are copied on their way in unless they are shared (`sharedFloats`), and belong to the caller on their way out.
   * Outputs named in `into` are written to its arrays, which must be shared, and are not among those returned.
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    into?: Readonly<Record<string, Tensor<Float32Array>>>,
  ): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
};

/**
 * Runs ONNX models in a worker thread, so that the caller's event loop stays free.
 * Close it when done: the thread keeps the process alive.
 */
export type Runtime = {
  readonly profile: Profile;
  createSession(model: Uint8Array, constants?: Readonly<Record<string, Tensor>>): Promise<Session>;
  close(): Promise<void>;
};

export type RuntimeOptions = {
  /** Threads per operator. Does not change results. Default: one per core, four at most. */
  readonly threads?: number;
  /** Default `cpu`. Another one rounds otherwise; only the native profile has a choice. */
  readonly device?: Device;
};

/** Opens a runtime of the given numeric profile. */
export async function openRuntime(profile: Profile, options: RuntimeOptions = {}): Promise<Runtime> {
  const { threads = DEFAULT_THREADS, device = 'cpu' } = options;
  if (profile === 'exact' && device !== 'cpu') {
    throw new Error(
      `The exact profile runs on the processor alone, not on ${device}. Choose the native profile.`,
    );
  }
  const workerData = { profile, threads, device };
  const channel = new Channel(new Worker(new URL('./worker.ts', import.meta.url), { workerData }));
  return {
    profile,
    async createSession(model, constants = {}) {
      const session = await channel.call({ kind: 'create', model, constants });
      return {
        run: (feeds, into = {}) =>
          channel.call({ kind: 'run', session: session as number, feeds, into }) as Promise<
            Record<string, Tensor>
          >,
        close: async () => {
          await channel.call({ kind: 'release', session: session as number });
        },
      };
    },
    close: () => channel.close(),
  };
}

/** The first float of an output. */
export function scalarOf(tensor: Tensor): number {
  return Number(tensor.data[0]);
}

/** The floats of an output. */
export function floatsOf(tensor: Tensor): Float32Array {
  if (!(tensor.data instanceof Float32Array)) throw new TypeError('Expected a float32 tensor.');
  return tensor.data;
}

type Pending = { resolve: (value: unknown) => void; reject: (error: Error) => void };

/** Requests to a worker, matched with their replies. */
class Channel {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #last = 0;
  #failure: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (reply: WorkerReply) => this.#settle(reply));
    worker.on('error', (error) => this.#fail(error as Error));
    worker.on('exit', () => this.#fail(new Error('The runtime was closed while a model was running.')));
  }

  call(request: WorkerRequest): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, request });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#failure !== undefined) return resolve();
      this.#worker.once('exit', () => resolve());
      this.#worker.postMessage({ id: 0, request: { kind: 'close' } });
    });
  }

  #settle(reply: WorkerReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.error === undefined) pending?.resolve(reply.value);
    else pending?.reject(new Error(reply.error));
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}
