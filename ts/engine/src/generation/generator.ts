import { Worker } from 'node:worker_threads';
import { type Adapter, decodeWeights } from '../adapter/peft.ts';
import type { BaseModel } from '../model/base.ts';
import { DEFAULT_THREADS, type Profile } from '../runtime/profile.ts';
import type { ChatMessage } from '../tokenizer/tokenizer.ts';
import type {
  FinishReason,
  GenerationMessage,
  GenerationReply,
  GenerationWorkerData,
  LoadedAdapter,
} from './worker.ts';

export type GenerateOptions = {
  /** A conversation, formatted with the model's chat template; or `prompt`, taken as it is. */
  readonly messages?: readonly ChatMessage[];
  readonly prompt?: string;
  /** Left out, the base model answers alone. */
  readonly adapter?: Adapter;
  /** Default 128. */
  readonly maxTokens?: number;
  /** 0, the default, always takes the most likely token. */
  readonly temperature?: number;
  /** Default 1. */
  readonly topP?: number;
  /** Default 0. Equal seeds give equal answers on one kind of CPU. */
  readonly seed?: number;
  /** Strings that end the answer; they are not part of it. */
  readonly stop?: readonly string[];
  readonly signal?: AbortSignal;
};

/** One token of an answer. `text` may be empty while a character is incomplete. */
export type GeneratedToken = {
  readonly tokenId: number;
  readonly text: string;
  readonly logProbability: number;
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
  close(): Promise<void>;
};

export type GeneratorOptions = { readonly profile?: Profile; readonly threads?: number };

/**
 * Starts a worker thread that holds the base model and answers requests, each with its own adapter.
 * Concurrent requests take turns token by token.
 */
export function createGenerator(base: BaseModel, options: GeneratorOptions = {}): Generator {
  const { profile = 'native', threads = DEFAULT_THREADS } = options;
  const workerData: GenerationWorkerData = { config: base.config, weights: base.weights, profile, threads };
  const connection = new Connection(
    base,
    new Worker(new URL('./worker.ts', import.meta.url), { workerData }),
  );
  return {
    generate: (request) => generate(base, connection, request),
    close: () => connection.close(),
  };
}

async function* generate(
  base: BaseModel,
  connection: Connection,
  options: GenerateOptions,
): AsyncGenerator<GeneratedToken, GenerationResult> {
  const { tokenizer, config } = base;
  const { messages, prompt = '', stop = [], signal } = options;
  signal?.throwIfAborted();
  const promptTokens = messages === undefined ? tokenizer.encode(prompt) : tokenizer.encodeChat(messages);
  if (promptTokens.length === 0) throw new Error('The prompt is empty. Send at least one message.');
  const room = config.maxPositions - promptTokens.length;
  if (room < 1) {
    throw new Error(
      `The prompt has ${promptTokens.length} tokens; this model reads ${config.maxPositions - 1} at most. Shorten it.`,
    );
  }
  const replies = connection.start({
    prompt: promptTokens,
    adapter: connection.adapterNumber(options.adapter),
    maxTokens: Math.min(options.maxTokens ?? 128, room),
    stopTokens: config.eosTokenIds,
    sampling: { temperature: options.temperature ?? 0, topP: options.topP ?? 1 },
    seed: options.seed ?? 0,
  });
  const onAbort = () => replies.fail(signal?.reason);
  signal?.addEventListener('abort', onAbort);
  const decoder = new TextDecoder();
  const tokens: number[] = [];
  let text = '';
  try {
    for (;;) {
      const reply = await replies.next();
      if (reply.kind === 'error') throw new Error(reply.message);
      if (reply.kind === 'end') return { promptTokens, tokens, text, finishReason: reply.reason };
      const piece = decoder.decode(tokenizer.tokenBytes(reply.token), { stream: true });
      const ended = firstStop(text + piece, stop);
      tokens.push(reply.token);
      const shown = ended === undefined ? piece : (text + piece).slice(text.length, ended);
      text = ended === undefined ? text + piece : (text + piece).slice(0, ended);
      yield { tokenId: reply.token, text: shown, logProbability: reply.logProbability };
      if (ended !== undefined) return { promptTokens, tokens, text, finishReason: 'stop' };
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    replies.cancel();
  }
}

/** Where the earliest stop string begins. */
function firstStop(text: string, stop: readonly string[]): number | undefined {
  const places = stop.map((word) => text.indexOf(word)).filter((place) => place >= 0);
  return places.length === 0 ? undefined : Math.min(...places);
}

/** The replies to one request, in order. */
class Replies {
  readonly #cancel: () => void;
  readonly #queue: GenerationReply[] = [];
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(cancel: () => void) {
    this.#cancel = cancel;
  }

  push(reply: GenerationReply): void {
    this.#queue.push(reply);
    this.#wake?.();
  }

  fail(reason: unknown): void {
    this.#failure = reason ?? new Error('The request was cancelled.');
    this.#wake?.();
  }

  async next(): Promise<GenerationReply> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const reply = this.#queue.shift();
      if (reply !== undefined) return reply;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  cancel(): void {
    this.#cancel();
  }
}

type StartRequest = Extract<GenerationMessage, { kind: 'start' }>['request'];

class Connection {
  readonly #base: BaseModel;
  readonly #worker: Worker;
  readonly #requests = new Map<number, Replies>();
  readonly #adapters = new WeakMap<Adapter, number>();
  /** When an adapter is no longer referenced, the worker may drop its copy. */
  readonly #forget = new FinalizationRegistry<number>((adapter) => this.#send({ kind: 'forget', adapter }));
  #lastRequest = 0;
  #lastAdapter = 0;
  #failure: Error | undefined;

  constructor(base: BaseModel, worker: Worker) {
    this.#base = base;
    this.#worker = worker;
    worker.on('message', (reply: GenerationReply) => this.#requests.get(reply.id)?.push(reply));
    worker.on('error', (error) => this.#fail(error as Error));
    worker.on('exit', () => this.#fail(new Error('The generator was closed.')));
  }

  start(request: StartRequest): Replies {
    if (this.#failure !== undefined) throw this.#failure;
    this.#lastRequest += 1;
    const id = this.#lastRequest;
    const replies = new Replies(() => {
      if (this.#requests.delete(id)) this.#send({ kind: 'cancel', id });
    });
    this.#requests.set(id, replies);
    this.#send({ kind: 'start', id, request });
    return replies;
  }

  /** The worker's number of an adapter, which is sent there when it is used first. */
  adapterNumber(adapter: Adapter | undefined): number {
    if (adapter === undefined) return 0;
    const known = this.#adapters.get(adapter);
    if (known !== undefined) return known;
    this.#lastAdapter += 1;
    this.#send({ kind: 'adapter', adapter: this.#lastAdapter, loaded: this.#load(adapter) });
    this.#adapters.set(adapter, this.#lastAdapter);
    this.#forget.register(adapter, this.#lastAdapter);
    return this.#lastAdapter;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #load(adapter: Adapter): LoadedAdapter {
    return { rank: adapter.rank, weights: decodeWeights(this.#base.config, adapter) };
  }

  #send(message: GenerationMessage): void {
    this.#worker.postMessage(message);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const replies of this.#requests.values()) replies.fail(error);
    this.#requests.clear();
  }
}
