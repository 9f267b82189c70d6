import { setTimeout as sleep } from 'node:timers/promises';
import { runIdOf } from '../training/manifest.ts';
import { readRunFolder } from '../training/run-folder.ts';
import { createRayClient, hasEnded, type RayClient, type RayClientOptions } from './ray-jobs.ts';
import { flagsOf } from './subprocess.ts';
import { type EngineEvent, parseEngineLine, type TrainEngine, type TrainJob } from './train-engine.ts';

export type RayEngineOptions = RayClientOptions & {
  /** The training program on the cluster, with its first arguments; it keeps the contract of the subprocess engine. */
  readonly command: readonly string[];
  /**
   * The folders of a job as the cluster sees them. Both sides share them (NFS or the like): the program reads
   * manifest, rows and base model there, and leaves checkpoints and the result. Default: the same paths.
   */
  readonly folders?: (job: TrainJob) => TrainJob;
  readonly cpus?: number;
  readonly gpus?: number;
  /** Milliseconds between looks at the job. Default 2000. */
  readonly pollEvery?: number;
  /** Tells submissions of one run apart; milliseconds since 1970 by default. */
  readonly now?: () => number;
};

/**
 * Trains on a Ray cluster, through its Jobs REST API. The job outlives this process: starting the run again follows
 * the job that is still at work, or submits another, which goes on from the last checkpoint.
 */
export function createRayEngine(options: RayEngineOptions): TrainEngine {
  const { command, folders = (job) => job, cpus, gpus, pollEvery = 2_000, now = Date.now } = options;
  const client = createRayClient(options);
  return {
    name: 'ray',
    async *train(job, engineOptions = {}) {
      const { signal } = engineOptions;
      signal?.throwIfAborted();
      const runId = runIdOf((await readRunFolder(job.folder)).manifest);
      const { folder, base } = folders(job);
      const words = [...command, folder, base, ...flagsOf(engineOptions)];
      const { id, isNew } = await nextSubmission(client, `openledger-${runId.slice(2, 26)}-`, now);
      if (isNew) {
        await client.submit({
          entrypoint: words.map(quote).join(' '),
          submission_id: id,
          metadata: { run_id: runId },
          ...(cpus === undefined ? {} : { entrypoint_num_cpus: cpus }),
          ...(gpus === undefined ? {} : { entrypoint_num_gpus: gpus }),
        });
      }
      yield* follow(client, id, pollEvery, signal);
    },
  };
}

/**
 * The job of this run that is at work, or the id of the next. Ids are never used twice, not even after a job was
 * deleted: Ray would go on in the old job's log.
 */
async function nextSubmission(
  client: RayClient,
  prefix: string,
  now: () => number,
): Promise<{ id: string; isNew: boolean }> {
  const running = (await client.list()).find(
    (job) => job.submission_id?.startsWith(prefix) && !hasEnded(job),
  );
  if (running?.submission_id != null) return { id: running.submission_id, isNew: false };
  return { id: `${prefix}${now()}`, isNew: true };
}

/** A job's events until it ends; stops it when the signal aborts or nobody listens any more. */
async function* follow(
  client: RayClient,
  id: string,
  pollEvery: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<EngineEvent> {
  let told = 0;
  let ended = false;
  let asked = false;
  try {
    for (let isFirst = true; ; isFirst = false) {
      if (!isFirst) await sleep(pollEvery);
      if (signal?.aborted && !asked) {
        asked = true;
        await client.stop(id);
      }
      // The status first: what is printed between the two looks is then told before the end is.
      const job = await client.status(id);
      const lines = (job.status === 'PENDING' ? '' : await client.logs(id)).split('\n');
      // The last line may be half printed; after the end it is whole.
      const complete = hasEnded(job) ? lines.length : lines.length - 1;
      for (; told < complete; told += 1) {
        const event = parseEngineLine(lines[told]);
        if (event === undefined) continue;
        yield event;
        if (event.type === 'end') ended = true;
      }
      if (!hasEnded(job)) continue;
      asked = true;
      if (ended && job.status === 'SUCCEEDED') return;
      signal?.throwIfAborted();
      const how = job.status === 'STOPPED' ? 'was stopped' : 'failed';
      throw new Error(
        `The Ray job ${id} ${how} before the run's end. Start the run again to go on from its last checkpoint. ${job.message ?? ''}`.trim(),
      );
    }
  } finally {
    if (!asked) await client.stop(id).catch(() => undefined);
  }
}

/** A word as a POSIX shell reads it back. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
