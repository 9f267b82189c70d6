import { parentPort, workerData } from 'node:worker_threads';
import { type Device, loadOrt, type OrtSession, type OrtTensor, type Profile } from './profile.ts';
import type { Tensor } from './runtime.ts';
import { receive, receiveAll, type Sent, type SentTensors } from './transfer.ts';

/** What the main thread asks of this worker. */
export type WorkerRequest =
  | {
      kind: 'create';
      session: number;
      bytes: Uint8Array;
      isVaried?: boolean;
      files: readonly (readonly [string, Sent<Uint8Array>])[];
      constants: SentTensors;
    }
  | { kind: 'run'; session: number; feeds: SentTensors; into: SentTensors }
  | { kind: 'release'; session: number }
  /** Ends the thread between two runs: the native runtime aborts the whole process when it is ended during one. */
  | { kind: 'close' };
export type WorkerReply = { id: number; value?: unknown; error?: string };

type Tensors = Readonly<Record<string, Tensor>>;
type Loaded = { session: OrtSession; constants: Record<string, OrtTensor> };

const { profile, threads, device } = workerData as { profile: Profile; threads: number; device: Device };
const port = parentPort!;
const ort = await loadOrt(profile, threads, device);
const sessions = new Map<number, Loaded>();
/** Requests run one after another, in the order in which they came. */
let queue: Promise<void> = Promise.resolve();
let closing = false;

port.on('message', ({ id, request }: { id: number; request: WorkerRequest }) => {
  if (request.kind === 'close') closing = true;
  queue = queue.then(async () => {
    if (closing || request.kind === 'close') process.exit();
    try {
      const value = await handle(request);
      port.postMessage({ id, value } satisfies WorkerReply, buffersOf(value));
    } catch (error) {
      port.postMessage({
        id,
        error: error instanceof Error ? error.message : String(error),
      } satisfies WorkerReply);
    }
  });
});

/** A request that cannot be read would be waited for forever. */
port.on('messageerror', (error) => {
  throw error;
});

async function handle(request: Exclude<WorkerRequest, { kind: 'close' }>): Promise<unknown> {
  if (request.kind === 'create') {
    const { bytes, isVaried, files, constants } = request;
    const model = { bytes, isVaried, files: new Map(files.map(([name, data]) => [name, receive(data)])) };
    const session = await ort.createSession(model);
    sessions.set(request.session, { session, constants: toOrt(receiveAll(constants)) });
    return undefined;
  }
  const loaded = sessions.get(request.session);
  if (loaded === undefined) throw new Error('This session was closed.');
  if (request.kind === 'release') {
    sessions.delete(request.session);
    return loaded.session.release();
  }
  const into = receiveAll(request.into);
  const outputs = await run(loaded, receiveAll(request.feeds), into);
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([name]) => !(name in into))
      .map(([name, { data, dims }]) => [name, { data, dims }]),
  );
}

async function run({ session, constants }: Loaded, tensors: Tensors, into: Tensors) {
  const feeds = { ...constants, ...toOrt(tensors) };
  if (profile === 'native') {
    const wanted = Object.fromEntries(session.outputNames.map((name) => [name, null]));
    return session.run(feeds, { ...wanted, ...toOrt(into) });
  }
  // The WebAssembly runtime takes arrays for outputs and leaves them unwritten.
  const outputs = await session.run(feeds);
  for (const [name, { data }] of Object.entries(into)) {
    (data as Float32Array).set(outputs[name].data as Float32Array);
  }
  return outputs;
}

function toOrt(tensors: Tensors): Record<string, OrtTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, ort.tensor(tensor.data, tensor.dims)]),
  );
}

/** Results are handed over, not copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value as Record<string, Tensor>).map((tensor) => tensor.data.buffer as ArrayBuffer);
}
