import { parentPort, workerData } from 'node:worker_threads';

/** Where in the shared memory a thread finds its sketches and leaves their scores. */
export type ScanJob = {
  readonly rows: number;
  readonly sigmas: number;
  readonly query: number;
  readonly results: number;
  readonly count: number;
};

const { module, memory } = workerData as { module: WebAssembly.Module; memory: WebAssembly.Memory };
const port = parentPort!;
const { exports } = new WebAssembly.Instance(module, { scan: { memory } });
const scan = exports.scan as (
  rows: number,
  sigmas: number,
  query: number,
  results: number,
  count: number,
) => void;

port.on('message', ({ rows, sigmas, query, results, count }: ScanJob) => {
  scan(rows, sigmas, query, results, count);
  port.postMessage(null);
});
port.postMessage(null);
