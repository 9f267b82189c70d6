import { Worker } from 'node:worker_threads';
import type { LlamaConfig } from '../llama/config.ts';
import { weightBytes } from '../llama/quantize.ts';
import type { Model, TensorData } from '../onnx/graph.ts';
import { checkFits, constantBytes, ResidentSessions, SHARE_ABOVE, sessionBudget } from './memory.ts';
import { DEFAULT_THREADS, type Device, type Profile } from './profile.ts';
import { send, sendAll } from './transfer.ts';
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
  /**
   * Loads a model. Sessions with more constants than memory has room for take turns: one that was closed to make room
   * is loaded again when it is run.
   */
  createSession(model: Model, constants?: Readonly<Record<string, Tensor>>): Promise<Session>;
  /** Whether graphs of a base should share its float32 weights instead of holding them. */
  sharesWeights(config: LlamaConfig): boolean;
  close(): Promise<void>;
};

export type RuntimeOptions = {
  /** Threads per operator. Does not change results. Default: one per core, four at most. */
  readonly threads?: number;
  /** Default `cpu`. Another one rounds otherwise; only the native profile has a choice. */
  readonly device?: Device;
  /** Weights of more bytes are shared. Default `SHARE_ABOVE`; part of what decides a run's bits. */
  readonly shareAbove?: number;
  /** Bytes of constants that sessions may hold together. Default `sessionBudget(profile)`. */
  readonly sessionBytes?: number;
};

/** Opens a runtime of the given numeric profile. */
export async function openRuntime(profile: Profile, options: RuntimeOptions = {}): Promise<Runtime> {
  const { threads = DEFAULT_THREADS, device = 'cpu', shareAbove = SHARE_ABOVE } = options;
  if (profile === 'exact' && device !== 'cpu') {
    throw new Error(
      `The exact profile runs on the processor alone, not on ${device}. Choose the native profile.`,
    );
  }
  const workerData = { profile, threads, device };
  const channel = new Channel(new Worker(new URL('./worker.ts', import.meta.url), { workerData }));
  const residents = new ResidentSessions(options.sessionBytes ?? sessionBudget(profile));
  let created = 0;
  return {
    profile,
    async createSession(model, constants = {}) {
      checkFits(profile, constantBytes(model));
      created += 1;
      const session = new LoadedSession(channel, residents, created, model, constants);
      await session.load();
      return session;
    },
    sharesWeights: (config) => profile === 'native' && device === 'cpu' && weightBytes(config) > shareAbove,
    close: () => channel.close(),
  };
}

class LoadedSession implements Session {
  readonly #channel: Channel;
  readonly #residents: ResidentSessions;
  readonly #id: number;
  readonly #model: Model;
  readonly #constants: Readonly<Record<string, Tensor>>;
  readonly #bytes: number;
  #isClosed = false;

  constructor(
    channel: Channel,
    residents: ResidentSessions,
    id: number,
    model: Model,
    constants: Readonly<Record<string, Tensor>>,
  ) {
    this.#channel = channel;
    this.#residents = residents;
    this.#id = id;
    this.#model = model;
    this.#constants = { ...model.shared, ...constants };
    this.#bytes = constantBytes(model);
  }

  /** Loads the model unless it is there. The worker takes requests in order, so a run may be sent right after. */
  async load(): Promise<void> {
    const { isNew, evicted } = this.#residents.use(this.#id, this.#bytes);
    if (!isNew) return;
    const gone = evicted.map((session) => this.#channel.call({ kind: 'release', session }));
    const create = {
      kind: 'create',
      session: this.#id,
      bytes: this.#model.bytes,
      isVaried: this.#model.isVaried,
      files: [...this.#model.files].map(([name, data]) => [name, send(data)] as const),
      constants: sendAll(this.#constants),
    } as const;
    await Promise.all([...gone, this.#channel.call(create)]).catch((error) => {
      this.#residents.delete(this.#id);
      throw error;
    });
  }

  async run(
    feeds: Readonly<Record<string, Tensor>>,
    into: Readonly<Record<string, Tensor<Float32Array>>> = {},
  ): Promise<Record<string, Tensor>> {
    if (this.#isClosed) throw new Error('This session was closed.');
    const loading = this.load();
    const run = { kind: 'run', session: this.#id, feeds: sendAll(feeds), into: sendAll(into) } as const;
    const [outputs] = await Promise.all([this.#channel.call(run), loading]);
    return outputs as Record<string, Tensor>;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#residents.delete(this.#id)) {
      await this.#channel.call({ kind: 'release', session: this.#id });
    }
  }
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
