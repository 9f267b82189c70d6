import { parentPort, workerData } from 'node:worker_threads';
import { type Device, loadOrt, type OrtSession, type OrtTensor, type Profile } from './profile.ts';
import type { Tensor } from './runtime.ts';

/** What the main thread asks of this worker. */
export type WorkerRequest =
  | { kind: 'create'; model: Uint8Array; constants: Tensors }
  | { kind: 'run'; session: number; feeds: Tensors; into: Readonly<Record<string, Tensor<Float32Array>>> }
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
let created = 0;
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

async function handle(request: Exclude<WorkerRequest, { kind: 'close' }>): Promise<unknown> {
  if (request.kind === 'create') {
    const session = await ort.createSession(request.model);
    created += 1;
    sessions.set(created, { session, constants: toOrt(request.constants) });
    return created;
  }
  const loaded = sessions.get(request.session);
  if (loaded === undefined) throw new Error('This session was closed.');
  if (request.kind === 'release') {
    sessions.delete(request.session);
    return loaded.session.release();
  }
  const outputs = await run(loaded, request.feeds, request.into);
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([name]) => !(name in request.into))
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
