import { parentPort, workerData } from 'node:worker_threads';
import type { LlamaConfig } from '../llama/config.ts';
import { buildDecodeGraph } from '../llama/decode-graph.ts';
import type { FourBitWeights, Quantization } from '../llama/quantize.ts';
import { loadOrt, type OrtTensor, type Profile } from '../runtime/profile.ts';
import { receive, type Sent } from '../runtime/transfer.ts';
import { type AdapterMatrices, combineAdapters } from './adapter-rows.ts';
import { Scheduler, type SchedulerOptions, type SequenceEvent, type SequenceRequest } from './scheduler.ts';

/** What a generation worker is started with. */
export type GenerationWorkerData = SchedulerOptions & {
  readonly config: LlamaConfig;
  readonly weights: Sent<Float32Array> | FourBitWeights;
  readonly quantization: Quantization | undefined;
  readonly profile: Profile;
  readonly threads: number;
  /** Compute with the weights where they are, instead of with a copy in the runtime's own order. */
  readonly shared: boolean;
};

/** Adapters of a request, by the numbers under which they were sent before. */
export type AdapterMix = readonly { readonly adapter: number; readonly weight: number }[];

export type GenerationMessage =
  | { kind: 'adapter'; adapter: number; matrices: AdapterMatrices }
  | { kind: 'forget'; adapter: number }
  | { kind: 'start'; id: number; request: SequenceRequest; mix: AdapterMix }
  | { kind: 'cancel'; id: number }
  | { kind: 'close' };

/** The events of one step of the scheduler. */
export type GenerationReply = readonly SequenceEvent[];

const { config, weights, quantization, profile, threads, shared, ...options } =
  workerData as GenerationWorkerData;
const port = parentPort!;
const ort = await loadOrt(profile, threads);
const baseWeights = 'matrices' in weights ? weights : receive(weights);
const model = buildDecodeGraph(config, { baseWeights, quantization, shared });
const session = await ort.createSession(model);
const sharedWeights: Record<string, OrtTensor> = Object.fromEntries(
  Object.entries(model.shared).map(([name, { data, dims }]) => [name, ort.tensor(data, dims)]),
);
const adapters = new Map<number, AdapterMatrices>();
let running = false;
let closing = false;

const scheduler = new Scheduler(
  config,
  async (feeds) => {
    const tensors = Object.entries(feeds).map(([name, { data, dims }]) => [name, ort.tensor(data, dims)]);
    const outputs = await session.run({ ...sharedWeights, ...Object.fromEntries(tensors) });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]),
    );
  },
  options,
);

port.on('message', (message: GenerationMessage) => {
  if (message.kind === 'adapter') adapters.set(message.adapter, message.matrices);
  else if (message.kind === 'forget') adapters.delete(message.adapter);
  else if (message.kind === 'cancel') scheduler.cancel(message.id);
  else if (message.kind === 'close') close();
  else admit(message);
});

function admit({ id, request, mix }: Extract<GenerationMessage, { kind: 'start' }>): void {
  const parts = mix.flatMap(({ adapter, weight }) => {
    const matrices = adapters.get(adapter);
    return matrices === undefined ? [] : [{ adapter: matrices, weight }];
  });
  if (parts.length < mix.length) {
    reply([{ id, kind: 'error', message: 'An adapter of this request is not loaded any more.' }]);
    return;
  }
  scheduler.admit(id, request, combineAdapters(config, parts));
  if (!running) void serve();
}

async function serve(): Promise<void> {
  running = true;
  while (!scheduler.idle && !closing) {
    const events = await scheduler.step();
    if (events.length > 0) reply(events);
    // Let messages in: a cancellation, or another request.
    await new Promise((resolve) => setImmediate(resolve));
  }
  running = false;
  if (closing) process.exit();
}

/** Ends this thread between two runs: the native runtime aborts the whole process when it is ended during one. */
function close(): void {
  closing = true;
  if (!running) process.exit();
}

function reply(events: GenerationReply): void {
  port.postMessage(events);
}
