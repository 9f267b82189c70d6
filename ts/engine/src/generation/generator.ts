import { Worker } from 'node:worker_threads';
import { type Adapter, decodeWeights } from '../adapter/peft.ts';
import { type Quantization, weightBytes } from '../llama/quantize.ts';
import type { BaseModel } from '../model/base.ts';
import { checkFits, machineMemory } from '../runtime/memory.ts';
import { DEFAULT_THREADS, type Profile } from '../runtime/profile.ts';
import { send } from '../runtime/transfer.ts';
import type { ChatMessage } from '../tokenizer/tokenizer.ts';
import type { TokenLogProbability } from './sampling.ts';
import type { FinishReason, SequenceEvent } from './scheduler.ts';
import { createStopFilter, type TextToken } from './stop.ts';
import type { AdapterMix, GenerationMessage, GenerationReply, GenerationWorkerData } from './worker.ts';

/** An adapter in the generator's memory; `Generator.unload` frees it. */
export type ResidentAdapter = { readonly rank: number; readonly bytes: number };

export type GenerateOptions = {
  /** A conversation, formatted with the model's chat template; or `prompt`, taken as it is; or its tokens. */
  readonly messages?: readonly ChatMessage[];
  readonly prompt?: string | readonly number[];
  /** Added to the base model, each times its weight (default 1). Left out, the base model answers alone. */
  readonly adapters?: readonly { readonly adapter: ResidentAdapter; readonly weight?: number }[];
  /** Default 128. */
  readonly maxTokens?: number;
  /** 0, the default, always takes the most likely token. */
  readonly temperature?: number;
  /** Default 1. */
  readonly topP?: number;
  /** Default 0. Equal seeds give equal answers on one kind of CPU, whatever else is being answered. */
  readonly seed?: number;
  /** Strings that end the answer; they are not part of it. */
  readonly stop?: readonly string[];
  /** Report log-probabilities, with this many of the most likely tokens beside each chosen one. */
  readonly logProbabilities?: number;
  readonly signal?: AbortSignal;
};

/** One token of an answer. `text` may be empty while a character is incomplete. */
export type GeneratedToken = {
  readonly tokenId: number;
  readonly text: string;
  /** Only if asked for: natural logarithm, at temperature 1. */
  readonly logProbability?: number;
  readonly top?: readonly TokenLogProbability[];
};

/** What a finished answer consists of; the generator's return value. */
export type GenerationResult = {
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  readonly text: string;
  readonly finishReason: FinishReason;
};

export type Generator = {
  generate(options: GenerateOptions): AsyncGenerator<GeneratedToken, GenerationResult>;
  /** Copies an adapter into the generator's memory. */
  load(adapter: Adapter): ResidentAdapter;
  /** Frees an adapter. Answers under way keep theirs. */
  unload(adapter: ResidentAdapter): void;
  /** How few bits the linear weights have; undefined in float32. */
  readonly quantization: Quantization | undefined;
  /** Requests that are being answered or wait. */
  readonly active: number;
  /** Refuses new requests and resolves when those under way have ended. */
  drain(): Promise<void>;
  close(): Promise<void>;
};

export type GeneratorOptions = {
  /** Hold the linear weights in few bits: less memory, and answers that differ a little. A base in four bits alone stays so. */
  readonly quantization?: Quantization;
  readonly profile?: Profile;
  readonly threads?: number;
  /** Requests answered at the same time; default 64. */
  readonly maxBatch?: number;
  /** Requests that may wait for a place; default 256. One more is refused with `GeneratorBusyError`. */
  readonly maxWaiting?: number;
  /** Prompt tokens read between two tokens of the other answers; default 128. */
  readonly prefillChunk?: number;
  /**
   * Bytes of weights above which the generator computes with the base's own copy. Default: a third of the memory. Its own
   * copy, in the runtime's order, answers eight requests at once some 1.7 times faster; one alone, as fast.
   */
  readonly shareAbove?: number;
};

/** All places are taken, or the generator is shutting down. Nothing was started. */
export class GeneratorBusyError extends Error {
  override readonly name = 'GeneratorBusyError';
}

/**
 * Starts a worker thread that holds the base model and answers requests together, each with its own adapters (`Scheduler`
 * says how).
 */
export function createGenerator(base: BaseModel, options: GeneratorOptions = {}): Generator {
  const { profile = 'native', threads = DEFAULT_THREADS, maxBatch = 64, maxWaiting = 256 } = options;
  const { prefillChunk = 128, shareAbove = machineMemory() / 3 } = options;
  const quantization = base.fourBit === undefined ? options.quantization : 'q4';
  const bytes = weightBytes(base.config, quantization);
  checkFits(profile, bytes);
  const shared = profile === 'native' && bytes > shareAbove;
  const workerData: GenerationWorkerData = {
    ...{ config: base.config, weights: base.fourBit ?? send(base.weights), quantization, shared },
    ...{ profile, threads, maxBatch, prefillChunk },
  };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
  const connection = new Connection(worker, maxBatch + maxWaiting);
  return {
    quantization,
    generate: (request) => generate(base, connection, request),
    load: (adapter) => connection.load(adapter.rank, decodeWeights(base.config, adapter)),
    unload: (adapter) => connection.unload(adapter),
    get active() {
      return connection.active;
    },
    drain: () => connection.drain(),
    close: () => connection.close(),
  };
}

/** Loads an adapter for as long as `use` takes; without one, `use` gets an empty list. */
export async function withAdapter<T>(
  generator: Generator,
  adapter: Adapter | undefined,
  use: (adapters: NonNullable<GenerateOptions['adapters']>) => Promise<T>,
): Promise<T> {
  if (adapter === undefined) return use([]);
  const loaded = generator.load(adapter);
  try {
    return await use([{ adapter: loaded }]);
  } finally {
    generator.unload(loaded);
  }
}

async function* generate(
  base: BaseModel,
  connection: Connection,
  options: GenerateOptions,
): AsyncGenerator<GeneratedToken, GenerationResult> {
  const { tokenizer, config } = base;
  const { messages, prompt = '', adapters = [], stop = [], signal } = options;
  signal?.throwIfAborted();
  const promptTokens =
    messages !== undefined
      ? tokenizer.encodeChat(messages)
      : typeof prompt === 'string'
        ? tokenizer.encode(prompt)
        : [...prompt];
  if (promptTokens.length === 0) throw new Error('The prompt is empty. Send at least one message.');
  const room = config.maxPositions - promptTokens.length;
  if (room < 1) {
    throw new Error(
      `The prompt has ${promptTokens.length} tokens; this model reads ${config.maxPositions - 1} at most. Shorten it.`,
    );
  }
  const request = {
    prompt: promptTokens,
    maxTokens: Math.min(options.maxTokens ?? 128, room),
    stopTokens: config.eosTokenIds,
    sampling: { temperature: options.temperature ?? 0, topP: options.topP ?? 1 },
    seed: options.seed ?? 0,
    logProbabilities: options.logProbabilities,
  };
  const events = connection.start(
    request,
    adapters.map(({ adapter, weight = 1 }) => ({ adapter: connection.numberOf(adapter), weight })),
  );
  const onAbort = () => events.fail(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  const decoder = new TextDecoder();
  const tokens: number[] = [];
  let text = '';
  const filter = createStopFilter<Omit<GeneratedToken, 'text'>>(stop);
  const show = ({ token, text: shown }: TextToken<Omit<GeneratedToken, 'text'>>): GeneratedToken => {
    text += shown;
    return { ...token, text: shown };
  };
  try {
    for (;;) {
      const event = await events.next();
      if (event.kind === 'error') throw new Error(event.message);
      if (event.kind === 'end') {
        for (const one of filter.flush()) yield show(one);
        return { promptTokens, tokens, text, finishReason: event.reason };
      }
      const { token: tokenId, logProbability, top } = event;
      tokens.push(tokenId);
      const token = { tokenId, ...(logProbability === undefined ? {} : { logProbability, top }) };
      const step = filter.push(token, decoder.decode(tokenizer.tokenBytes(tokenId), { stream: true }));
      for (const one of step.ready) yield show(one);
      if (step.ended) return { promptTokens, tokens, text, finishReason: 'stop' };
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    events.cancel();
  }
}

/** The events of one request, in order. */
class Events {
  readonly #cancel: () => void;
  readonly #queue: SequenceEvent[] = [];
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(cancel: () => void) {
    this.#cancel = cancel;
  }

  push(event: SequenceEvent): void {
    this.#queue.push(event);
    this.#wake?.();
  }

  fail(reason: unknown): void {
    this.#failure = reason ?? new Error('The request was cancelled.');
    this.#wake?.();
  }

  async next(): Promise<SequenceEvent> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const event = this.#queue.shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  cancel(): void {
    this.#cancel();
  }
}

type StartMessage = Extract<GenerationMessage, { kind: 'start' }>;

class Connection {
  readonly #worker: Worker;
  readonly #limit: number;
  readonly #requests = new Map<number, Events>();
  readonly #adapters = new Map<ResidentAdapter, number>();
  #lastRequest = 0;
  #lastAdapter = 0;
  #failure: Error | undefined;
  #drained: (() => void) | undefined;

  constructor(worker: Worker, limit: number) {
    this.#worker = worker;
    this.#limit = limit;
    worker.on('message', (reply: GenerationReply) => {
      for (const event of reply) this.#requests.get(event.id)?.push(event);
    });
    worker.on('error', (error) => this.#fail(error as Error));
    worker.on('exit', () => this.#fail(new Error('The generator was closed.')));
  }

  get active(): number {
    return this.#requests.size;
  }

  start(request: StartMessage['request'], mix: AdapterMix): Events {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#drained !== undefined) throw new GeneratorBusyError('The generator is shutting down.');
    if (this.#requests.size >= this.#limit) {
      throw new GeneratorBusyError(`All ${this.#limit} places are taken. Try again in a moment.`);
    }
    this.#lastRequest += 1;
    const id = this.#lastRequest;
    const events = new Events(() => {
      if (this.#requests.delete(id)) this.#send({ kind: 'cancel', id });
      if (this.#requests.size === 0) this.#drained?.();
    });
    this.#requests.set(id, events);
    this.#send({ kind: 'start', id, request, mix });
    return events;
  }

  load(rank: number, weights: Float32Array): ResidentAdapter {
    this.#lastAdapter += 1;
    const adapter: ResidentAdapter = { rank, bytes: weights.byteLength };
    this.#adapters.set(adapter, this.#lastAdapter);
    this.#send({ kind: 'adapter', adapter: this.#lastAdapter, matrices: { rank, weights } }, [
      weights.buffer as ArrayBuffer,
    ]);
    return adapter;
  }

  unload(adapter: ResidentAdapter): void {
    const number = this.#adapters.get(adapter);
    if (number === undefined) return;
    this.#adapters.delete(adapter);
    this.#send({ kind: 'forget', adapter: number });
  }

  numberOf(adapter: ResidentAdapter): number {
    const number = this.#adapters.get(adapter);
    if (number === undefined) throw new Error('This adapter was unloaded. Load it again.');
    return number;
  }

  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
      if (this.#requests.size === 0) resolve();
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#failure !== undefined) return resolve();
      this.#worker.once('exit', () => resolve());
      this.#send({ kind: 'close' });
    });
  }

  #send(message: GenerationMessage, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const events of this.#requests.values()) events.fail(error);
    this.#requests.clear();
    this.#drained?.();
  }
}
