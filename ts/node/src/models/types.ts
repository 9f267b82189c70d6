import type { Quantization } from '@openledger/engine/llama/quantize';
import type { BaselineShare } from '@openledger/sdk/protocol/baseline';
import type { CorpusEntry } from '@openledger/sdk/protocol/corpus';
import type { ModelTerms } from '@openledger/sdk/protocol/parameters';
import type { Sketch } from '@openledger/sdk/protocol/sketch';
import type { Hex } from 'viem';
import type { ModelCard } from './card.ts';

/** What a call costs, as the model's owner set it. */
export type Prices = { activation: bigint; baseFee: bigint; inputPer1k: bigint; outputPer1k: bigint };

/** A model of the registry that this node can serve. */
export type ListedModel = {
  id: number;
  /** What clients may send as `model`: `ol-<id>` always works; the card's name works when it is unambiguous. */
  names: readonly string[];
  kind: 'base' | 'adapter';
  owner: Hex;
  uri: string;
  terms: ModelTerms;
  publishedAt: number;
  /** False once its owner withdrew it or its publication was proved wrong; what it owes is settled all the same. */
  isServed: boolean;
};

/** A contribution's text as the spans are looked up in it. */
export type CorpusDocument = { asset: number; bytes: Uint8Array };

/** An adapter whose every commitment was rebuilt from the content store and found equal to the chain's. */
export type VerifiedAdapter = {
  model: ListedModel;
  card: ModelCard;
  /** Path → bytes of the PEFT folder. */
  files: ReadonlyMap<string, Uint8Array>;
  sketches: readonly Sketch[];
  corpus: readonly CorpusEntry[];
  baseline: readonly BaselineShare[];
  basis: Uint8Array;
  documents: readonly CorpusDocument[];
};

/** The registry as the gateway sees it. */
export type ModelCatalog = {
  list(): Promise<readonly ListedModel[]>;
  /** By `ol-<id>` or by name; rejects with `model_not_found`. */
  find(name: string): Promise<ListedModel>;
  prices(id: number): Promise<Prices>;
  /** Fetches and verifies an adapter; rejects with `model_unusable` when a commitment does not hold. */
  verify(model: ListedModel): Promise<VerifiedAdapter>;
};

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string };

export type GenerateOptions = {
  promptTokens: readonly number[];
  /** Undefined: the base model itself. */
  adapter: VerifiedAdapter | undefined;
  maxTokens: number;
  temperature: number;
  topP: number;
  seed: number;
  stop: readonly string[];
  /** Report log-probabilities, with this many of the likeliest tokens beside each chosen one. */
  logProbabilities?: number;
  signal: AbortSignal;
};

/** How an answer ended: by itself or at the limit. */
export type GenerationEnd = { finish: 'stop' | 'length' };

/** A token of an answer; log-probabilities only if they were asked for. */
export type AnswerToken = {
  tokenId: number;
  text: string;
  logProbability?: number;
  top?: readonly { token: number; logProbability: number }[];
};

/** What the engine is doing, for metrics and model lists. */
export type EngineStatus = {
  /** Requests that are being answered or wait for a place. */
  active: number;
  adapters: number;
  adapterBytes: number;
  /** Milliseconds to load an adapter whose files are here: the mean of the last loads. */
  coldStartMs: number | undefined;
};

/** Turns texts into vectors of length 1, by what the base model makes of them. */
export type EmbeddingEngine = {
  dimensions: number;
  /** The tokens of all texts together, for the bill. Refuses what cannot be embedded as asked. */
  encode(texts: readonly string[], dimensions: number | undefined): number[];
  /** A vector per text. Rejects with `overloaded` when too many calls wait, and when the signal aborts. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
};

/**
 * Generates text for the gateway, which keeps payment, receipts and attribution to itself. The engine in this process is
 * one (`createEmbeddedEngine`), a cluster by URL another (`connectCluster`).
 */
export type ServeEngine = {
  /** The longest prompt and answer together, in tokens. */
  contextLength: number;
  /** How few bits the base's weights have here; undefined in float32, or where a cluster decides. */
  quantization?: Quantization | undefined;
  /** Whether the adapter is loaded, so that no activation is due. */
  isResident(modelId: number): boolean;
  /** Pinned adapters are never unloaded to make room for others. */
  isPinned(modelId: number): boolean;
  setPinned(modelId: number, pinned: boolean): void;
  /** Loads an adapter if it is not resident. */
  load(adapter: VerifiedAdapter): Promise<void>;
  unload(modelId: number): void;
  status(): EngineStatus;
  /** Rejects with `overloaded` when every place is taken. */
  generate(options: GenerateOptions): AsyncGenerator<AnswerToken, GenerationEnd>;
};

/** A serve engine with the tokenizer of its base model. It knows no chain and no money. */
export type TextEngine = ServeEngine & {
  /** keccak256 of the base model's weights: what it can serve adapters of. */
  baseHash: Hex;
  encodeChat(messages: readonly ChatMessage[]): number[];
  encodeText(text: string): number[];
  tokenBytes(token: number): Uint8Array;
};
