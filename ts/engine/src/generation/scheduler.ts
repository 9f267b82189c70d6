import type { LlamaConfig } from '../llama/config.ts';
import { Random } from '../numeric/random.ts';
import type { Tensor } from '../runtime/runtime.ts';
import { type AdapterMatrices, AdapterRows } from './adapter-rows.ts';
import { KeyValueCache } from './cache.ts';
import {
  logProbabilities,
  type SamplingSettings,
  sampleToken,
  type TokenLogProbability,
} from './sampling.ts';

/** A request as the scheduler reads it: tokens in, tokens out. */
export type SequenceRequest = {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly stopTokens: readonly number[];
  readonly sampling: SamplingSettings;
  readonly seed: number;
  /** How many of the most likely tokens to report with each chosen one; undefined: no probabilities at all. */
  readonly logProbabilities: number | undefined;
};

export type FinishReason = 'stop' | 'length';

/** What a step produced. */
export type SequenceEvent =
  | {
      readonly id: number;
      readonly kind: 'token';
      readonly token: number;
      readonly logProbability?: number;
      readonly top?: readonly TokenLogProbability[];
    }
  | { readonly id: number; readonly kind: 'end'; readonly reason: FinishReason }
  | { readonly id: number; readonly kind: 'error'; readonly message: string };

/** Runs a decode graph (`llama/decode-graph.ts`). */
export type Decode = (feeds: Readonly<Record<string, Tensor>>) => Promise<Record<string, Float32Array>>;

export type SchedulerOptions = {
  /** Sequences that get a token in the same run of the model. */
  readonly maxBatch: number;
  /** Prompt tokens read in one run, so that a long prompt does not hold up the others' answers. */
  readonly prefillChunk: number;
};

type Sequence = {
  readonly id: number;
  readonly request: SequenceRequest;
  readonly adapter: AdapterMatrices;
  readonly random: Random;
  /** The last token chosen, which the model has not read yet. */
  last: number;
  produced: number;
};

type Prefill = { readonly sequence: Sequence; readonly cache: KeyValueCache; read: number };

/**
 * Continuous batching: sequences join when their prompt is read and leave when they end, and every one in between
 * gets one token per step, each with its own adapter. What a sequence answers does not depend on the others.
 */
export class Scheduler {
  readonly #config: LlamaConfig;
  readonly #decode: Decode;
  readonly #options: SchedulerOptions;
  readonly #waiting: Sequence[] = [];
  readonly #prefills: Prefill[] = [];
  readonly #rows: Sequence[] = [];
  readonly #cache: KeyValueCache;
  readonly #adapters: AdapterRows;
  /** Cancelled while a run was under way that they were part of. */
  readonly #cancelled = new Set<number>();

  constructor(config: LlamaConfig, decode: Decode, options: SchedulerOptions) {
    this.#config = config;
    this.#decode = decode;
    this.#options = options;
    this.#cache = new KeyValueCache(config, 1);
    this.#adapters = new AdapterRows(config);
  }

  /** Whether there is nothing left to do. */
  get idle(): boolean {
    return this.#waiting.length + this.#prefills.length + this.#rows.length === 0;
  }

  admit(id: number, request: SequenceRequest, adapter: AdapterMatrices): void {
    const random = new Random(request.seed);
    this.#waiting.push({ id, request, adapter, random, last: 0, produced: 0 });
  }

  cancel(id: number): void {
    const waiting = this.#waiting.findIndex((sequence) => sequence.id === id);
    if (waiting >= 0) this.#waiting.splice(waiting, 1);
    else this.#cancelled.add(id);
  }

  /** Reads a piece of one prompt, then gives every running sequence one token. */
  async step(): Promise<SequenceEvent[]> {
    this.#dropCancelled();
    while (this.#waiting.length > 0 && this.#prefills.length + this.#rows.length < this.#options.maxBatch) {
      const cache = new KeyValueCache(this.#config);
      cache.push();
      this.#prefills.push({ sequence: this.#waiting.shift()!, cache, read: 0 });
    }
    return [...(await this.#readPrompt()), ...(await this.#advance())];
  }

  #dropCancelled(): void {
    if (this.#cancelled.size === 0) return;
    for (let i = this.#prefills.length - 1; i >= 0; i -= 1) {
      if (this.#cancelled.has(this.#prefills[i].sequence.id)) this.#prefills.splice(i, 1);
    }
    for (let row = this.#rows.length - 1; row >= 0; row -= 1) {
      if (this.#cancelled.has(this.#rows[row].id)) this.#dropRow(row);
    }
    this.#cancelled.clear();
  }

  async #readPrompt(): Promise<SequenceEvent[]> {
    const prefill = this.#prefills[0];
    if (prefill === undefined) return [];
    const { sequence, cache, read } = prefill;
    const tokens = sequence.request.prompt.slice(read, read + this.#options.prefillChunk);
    const adapters = new AdapterRows(this.#config);
    adapters.push(sequence.adapter);
    let logits: Float32Array;
    try {
      logits = await this.#run(cache, adapters, tokens, tokens.length);
    } catch (error) {
      this.#prefills.shift();
      return [failure(sequence.id, error)];
    }
    prefill.read += tokens.length;
    if (prefill.read < sequence.request.prompt.length) return [];
    this.#prefills.shift();
    const events = this.#choose(sequence, logits, cache.lengthOf(0));
    if (events.at(-1)?.kind === 'token') {
      this.#rows.push(sequence);
      this.#cache.push({ cache, row: 0 });
      this.#adapters.push(sequence.adapter);
    }
    return events;
  }

  async #advance(): Promise<SequenceEvent[]> {
    if (this.#rows.length === 0) return [];
    let logits: Float32Array;
    try {
      const tokens = this.#rows.map(({ last }) => last);
      logits = await this.#run(this.#cache, this.#adapters, tokens, 1);
    } catch (error) {
      const events = this.#rows.map(({ id }) => failure(id, error));
      for (let row = this.#rows.length - 1; row >= 0; row -= 1) this.#dropRow(row);
      return events;
    }
    const { vocabSize } = this.#config;
    const events: SequenceEvent[] = [];
    for (let row = this.#rows.length - 1; row >= 0; row -= 1) {
      const own = logits.subarray(row * vocabSize, (row + 1) * vocabSize);
      const produced = this.#choose(this.#rows[row], own, this.#cache.lengthOf(row));
      events.push(...produced);
      if (produced.at(-1)?.kind === 'end') this.#dropRow(row);
    }
    return events;
  }

  /** Runs `count` new tokens of every row through the model; returns the logits after the last of each. */
  async #run(
    cache: KeyValueCache,
    adapters: AdapterRows,
    tokens: readonly number[],
    count: number,
  ): Promise<Float32Array> {
    const dims = [cache.size, count];
    const positions = tokens.map((_, i) => cache.lengthOf(Math.floor(i / count)) + (i % count));
    const outputs = await this.#decode({
      ...adapters.feeds(),
      ...cache.feeds(),
      ids: { data: BigInt64Array.from(tokens, BigInt), dims },
      positions: { data: BigInt64Array.from(positions, BigInt), dims },
      mask_new: { data: causalMask(count), dims: [1, 1, count, count] },
    });
    cache.append(count, (name) => outputs[name]);
    return outputs.logits;
  }

  /** Chooses a sequence's next token; ends it where it must end. */
  #choose(sequence: Sequence, logits: Float32Array, length: number): SequenceEvent[] {
    const { id, request } = sequence;
    const token = sampleToken(logits, request.sampling, sequence.random);
    if (request.stopTokens.includes(token)) return [{ id, kind: 'end', reason: 'stop' }];
    sequence.last = token;
    sequence.produced += 1;
    const probabilities =
      request.logProbabilities === undefined ? {} : logProbabilities(logits, token, request.logProbabilities);
    const event: SequenceEvent = { id, kind: 'token', ...probabilities, token };
    const isLast = sequence.produced >= request.maxTokens || length >= this.#config.maxPositions;
    return isLast ? [event, { id, kind: 'end', reason: 'length' }] : [event];
  }

  #dropRow(row: number): void {
    this.#cache.drop(row);
    this.#adapters.drop(row);
    const last = this.#rows.pop()!;
    if (row < this.#rows.length) this.#rows[row] = last;
  }
}

function failure(id: number, error: unknown): SequenceEvent {
  return { id, kind: 'error', message: error instanceof Error ? error.message : String(error) };
}

function causalMask(length: number): Float32Array {
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i += 1) mask.fill(-1e9, i * length + i + 1, (i + 1) * length);
  return mask;
}
