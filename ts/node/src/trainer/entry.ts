import type { Job, JobEvent } from './job.ts';
import type { JobFiles } from './job-files.ts';

/** Why a job that runs is told to stop. `close` is the daemon's end: the job goes on with the next start. */
export type StopReason = 'pause' | 'cancel' | 'close';

/** A job with its events and files, and whoever waits for more. */
export type Entry = {
  readonly job: Job;
  readonly events: JobEvent[];
  readonly files: JobFiles;
  readonly waiting: Set<() => void>;
  /** While the job is worked on: how to stop it, and its end. */
  active?: { stop(reason: StopReason): void; readonly ended: Promise<void> };
};

const OVER: readonly Job['status'][] = ['succeeded', 'failed', 'cancelled'];

/** Whether a job has come to its end. */
export function isOver(job: Job): boolean {
  return OVER.includes(job.status);
}

/**
 * Writes down that something happened and what it changed in the job, then shows both at once: whoever sees a job's
 * end has seen the event that tells of it.
 */
export async function emit(
  entry: Entry,
  now: number,
  type: JobEvent['type'],
  data: Record<string, unknown>,
  changes: Partial<Job> = {},
): Promise<void> {
  const { job, files, events } = entry;
  if (Object.keys(changes).length > 0) await files.write({ ...job, ...changes });
  const event: JobEvent = { id: events.length + 1, type, created_at: now, data };
  await files.append(event);
  Object.assign(job, changes);
  events.push(event);
  for (const wake of entry.waiting) wake();
}

/** Moves a job to a status. */
export function setStatus(
  entry: Entry,
  now: number,
  status: Job['status'],
  data: Record<string, unknown> = {},
): Promise<void> {
  const finished_at = OVER.includes(status) ? now : null;
  return emit(entry, now, 'status', { status, ...data }, { status, finished_at });
}

/** Resolves when there are events after `after`, the job is over, or the signal aborts. */
export async function waitForEvents(entry: Entry, after: number, signal: AbortSignal): Promise<void> {
  const ready = () => entry.events.length > after || isOver(entry.job) || signal.aborted;
  while (!ready()) {
    await new Promise<void>((resolve) => {
      const wake = () => {
        entry.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      entry.waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
