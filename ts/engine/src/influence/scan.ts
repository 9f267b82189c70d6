import { Worker } from 'node:worker_threads';
import { SKETCH_LENGTH, toSketchBytes } from '@openledger/sdk/protocol/sketch';
import { DEFAULT_THREADS } from '../runtime/profile.ts';
import { scanKernel } from './scan-kernel.ts';
import type { ScanJob } from './scan-worker.ts';

/** The sketches that are scanned: of rows or of contributions. */
export type ScannedSketch = { readonly sigma: number; readonly a: Int8Array };

/** σ must stay below this, so that scores are exact as float64. Sketches have at most 24 bits. */
const SIGMA_LIMIT = 2 ** 30;
/** Where the query lies in the shared memory; scores, entries and σ follow. */
const QUERY_AT = 0;
/** Two entries to a byte. */
const ROW_BYTES = SKETCH_LENGTH / 2;
const PAGE = 65_536;
const MAXIMUM_PAGES = 65_536;

/**
 * Scores of very many sketches at once, by vector instructions on several threads. The sketches lie in memory that
 * the threads share. Close it when done: the threads keep the process alive.
 */
export class SketchScan {
  readonly #memory: WebAssembly.Memory;
  readonly #workers: readonly Worker[];
  readonly #jobs: readonly ScanJob[];
  readonly #scores: Float64Array;

  private constructor(
    memory: WebAssembly.Memory,
    workers: readonly Worker[],
    jobs: readonly ScanJob[],
    scores: Float64Array,
  ) {
    this.#memory = memory;
    this.#workers = workers;
    this.#jobs = jobs;
    this.#scores = scores;
  }

  /** Takes in `count` sketches, in order; 268 bytes of memory each, at most 16 million. */
  static async open(
    sketches: Iterable<ScannedSketch>,
    count: number,
    threads: number = DEFAULT_THREADS,
  ): Promise<SketchScan> {
    const scoresAt = QUERY_AT + SKETCH_LENGTH + 8;
    const rowsAt = scoresAt + 8 * count;
    const sigmasAt = rowsAt + ROW_BYTES * count;
    const pages = Math.ceil((sigmasAt + 4 * count) / PAGE);
    if (pages > MAXIMUM_PAGES) {
      throw new Error(`${count} sketches do not fit into one scan. Split them into several.`);
    }
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const entries = new Uint8Array(memory.buffer, rowsAt, ROW_BYTES * count);
    const sigmas = new Uint32Array(memory.buffer, sigmasAt, count);
    let i = 0;
    for (const { sigma, a } of sketches) {
      if (sigma >= SIGMA_LIMIT) throw new Error(`σ ${sigma} is too large to be scanned exactly.`);
      // Every entry plus 8, which leaves no sign.
      const packed = toSketchBytes(a);
      for (let j = 0; j < ROW_BYTES; j += 1) entries[i * ROW_BYTES + j] = packed[j] ^ 0x88;
      sigmas[i] = sigma;
      i += 1;
    }
    const module = new WebAssembly.Module(scanKernel(pages));
    const share = Math.ceil(count / threads);
    const jobs = Array.from({ length: threads }, (_, t) => t * share)
      .filter((first) => first < count)
      .map((first) => ({
        rows: rowsAt + ROW_BYTES * first,
        sigmas: sigmasAt + 4 * first,
        query: QUERY_AT,
        results: scoresAt + 8 * first,
        count: Math.min(share, count - first),
      }));
    const workers = jobs.map(
      () => new Worker(new URL('./scan-worker.ts', import.meta.url), { workerData: { module, memory } }),
    );
    await Promise.all(workers.map(reply));
    return new SketchScan(memory, workers, jobs, new Float64Array(memory.buffer, scoresAt, count));
  }

  /** Per sketch σ·⟨a, query⟩. A view that the next scan overwrites: one scan at a time. */
  async scores(query: Int8Array): Promise<Float64Array> {
    new Int8Array(this.#memory.buffer, QUERY_AT, SKETCH_LENGTH).set(query);
    const sum = query.reduce((total, entry) => total + entry, 0);
    new Int32Array(this.#memory.buffer, QUERY_AT + SKETCH_LENGTH, 1)[0] = 8 * sum;
    const replies = this.#workers.map(reply);
    this.#workers.forEach((worker, t) => {
      worker.postMessage(this.#jobs[t]);
    });
    await Promise.all(replies);
    return this.#scores;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** The worker's next message. */
function reply(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: unknown) => reject(error);
    worker.once('error', onError);
    worker.once('message', () => {
      worker.off('error', onError);
      resolve();
    });
  });
}
