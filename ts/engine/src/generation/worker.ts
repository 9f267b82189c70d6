import { parentPort, workerData } from 'node:worker_threads';
import type { LlamaConfig } from '../llama/config.ts';
import { buildDecodeGraph } from '../llama/decode-graph.ts';
import { loraLayout } from '../llama/parameters.ts';
import { Random } from '../numeric/random.ts';
import { loadOrt, type OrtTensor, type Profile } from '../runtime/profile.ts';
import { KeyValueCache } from './cache.ts';
import { type SamplingSettings, sampleToken } from './sampling.ts';

/** What a generation worker is started with. */
export type GenerationWorkerData = {
  readonly config: LlamaConfig;
  readonly weights: Float32Array;
  readonly profile: Profile;
  readonly threads: number;
};

/** LoRA matrices as a decode graph wants them, with the scaling multiplied into B. */
export type LoadedAdapter = { readonly rank: number; readonly weights: Float32Array };

export type GenerationRequest = {
  readonly prompt: readonly number[];
  /** Number of an adapter sent before; 0 is the base model alone. */
  readonly adapter: number;
  readonly maxTokens: number;
  readonly stopTokens: readonly number[];
  readonly sampling: SamplingSettings;
  readonly seed: number;
};

export type GenerationMessage =
  | { kind: 'adapter'; adapter: number; loaded: LoadedAdapter }
  | { kind: 'forget'; adapter: number }
  | { kind: 'start'; id: number; request: GenerationRequest }
  | { kind: 'cancel'; id: number };

export type FinishReason = 'stop' | 'length';
export type GenerationReply =
  | { id: number; kind: 'token'; token: number; logProbability: number }
  | { id: number; kind: 'end'; reason: FinishReason }
  | { id: number; kind: 'error'; message: string };

type Sequence = {
  readonly id: number;
  readonly request: GenerationRequest;
  readonly cache: KeyValueCache;
  readonly random: Random;
  readonly adapter: Record<string, OrtTensor>;
  /** Tokens that the model has not read yet. */
  pending: readonly number[];
  produced: number;
};

const { config, weights, profile, threads } = workerData as GenerationWorkerData;
const port = parentPort!;
const ort = await loadOrt(profile, threads);
const session = await ort.createSession(buildDecodeGraph(config, { baseWeights: weights }));
const adapters = new Map<number, Record<string, OrtTensor>>([[0, adapterFeeds(zeroAdapter())]]);
const active = new Map<number, Sequence>();
let running = false;

port.on('message', (message: GenerationMessage) => {
  if (message.kind === 'adapter') adapters.set(message.adapter, adapterFeeds(message.loaded));
  else if (message.kind === 'forget') adapters.delete(message.adapter);
  else if (message.kind === 'cancel') active.delete(message.id);
  else admit(message.id, message.request);
});

function admit(id: number, request: GenerationRequest): void {
  const adapter = adapters.get(request.adapter);
  if (adapter === undefined) {
    reply({ id, kind: 'error', message: 'The adapter is not loaded.' });
    return;
  }
  const { prompt, seed } = request;
  const cache = new KeyValueCache(config);
  active.set(id, { id, request, cache, adapter, random: new Random(seed), pending: prompt, produced: 0 });
  if (!running) void serve();
}

/** Gives every active sequence one token in turn, until none is left. */
async function serve(): Promise<void> {
  running = true;
  while (active.size > 0) {
    for (const sequence of [...active.values()]) {
      if (!active.has(sequence.id)) continue;
      try {
        await advance(sequence);
      } catch (error) {
        active.delete(sequence.id);
        reply({
          id: sequence.id,
          kind: 'error',
          message: error instanceof Error ? error.message : String(error),
        });
      }
      // Let messages in: a cancellation, or another request.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  running = false;
}

async function advance(sequence: Sequence): Promise<void> {
  const { id, request, cache } = sequence;
  const logits = await readTokens(sequence);
  const token = sampleToken(logits, request.sampling, sequence.random);
  if (request.stopTokens.includes(token)) return finish(id, 'stop');
  reply({ id, kind: 'token', token, logProbability: logProbability(logits, token) });
  sequence.produced += 1;
  sequence.pending = [token];
  if (sequence.produced >= request.maxTokens || cache.length >= config.maxPositions) finish(id, 'length');
}

/** Runs the pending tokens through the model and returns the logits after the last. */
async function readTokens({ cache, pending, adapter }: Sequence): Promise<Float32Array> {
  const count = pending.length;
  const cached = Object.entries(cache.feeds()).map(([name, { data, dims }]) => [
    name,
    ort.tensor(data, dims),
  ]);
  const outputs = await session.run({
    ...adapter,
    ...Object.fromEntries(cached),
    ids: ort.tensor(BigInt64Array.from(pending, BigInt), [1, count]),
    positions: ort.tensor(
      BigInt64Array.from(pending, (_, i) => BigInt(cache.length + i)),
      [1, count],
    ),
    mask_new: ort.tensor(causalMask(count), [1, 1, count, count]),
  });
  cache.append(count, (name) => outputs[name].data as Float32Array);
  return outputs.logits.data as Float32Array;
}

function causalMask(length: number): Float32Array {
  const mask = new Float32Array(length * length);
  for (let i = 0; i < length; i += 1) mask.fill(-1e9, i * length + i + 1, (i + 1) * length);
  return mask;
}

function logProbability(logits: Float32Array, token: number): number {
  const top = logits.reduce((a, b) => Math.max(a, b));
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
  return logits[token] - top - Math.log(total);
}

function adapterFeeds({ rank, weights: flat }: LoadedAdapter): Record<string, OrtTensor> {
  return Object.fromEntries(
    loraLayout(config, rank).slots.map(({ name, shape, offset, size }) => [
      name,
      ort.tensor(flat.slice(offset, offset + size), [1, ...shape]),
    ]),
  );
}

function zeroAdapter(): LoadedAdapter {
  return { rank: 1, weights: new Float32Array(loraLayout(config, 1).size) };
}

function finish(id: number, reason: FinishReason): void {
  active.delete(id);
  reply({ id, kind: 'end', reason });
}

function reply(message: GenerationReply): void {
  port.postMessage(message);
}
