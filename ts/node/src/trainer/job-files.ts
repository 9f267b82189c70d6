import { appendFile, mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Job, type JobEvent, jobEvent, job as jobSchema } from './job.ts';

/** The files of one job: `job.json`, `events.jsonl`, `manifest.json` and the engine's checkpoints in `run/`. */
export type JobFiles = {
  folder: string;
  checkpoints: string;
  write(job: Job): Promise<void>;
  append(event: JobEvent): Promise<void>;
};

/** Opens the files of a job, creating its folder. */
export async function openJobFiles(jobs: string, id: string): Promise<JobFiles> {
  const folder = join(jobs, id);
  await mkdir(folder, { recursive: true });
  return {
    folder,
    checkpoints: join(folder, 'run'),
    write: (job) => replaceFile(join(folder, 'job.json'), `${JSON.stringify(job, null, 2)}\n`),
    append: (event) => appendFile(join(folder, 'events.jsonl'), `${JSON.stringify(event)}\n`),
  };
}

/** Everything that is on the disk of earlier jobs. */
export async function readJobs(jobs: string): Promise<{ job: Job; events: JobEvent[] }[]> {
  await mkdir(jobs, { recursive: true });
  const found: { job: Job; events: JobEvent[] }[] = [];
  for (const id of (await readdir(jobs)).toSorted()) {
    const text = await readFile(join(jobs, id, 'job.json'), 'utf8').catch(() => undefined);
    // A folder without job.json is a job that was never acknowledged.
    if (text === undefined) continue;
    const path = join(jobs, id, 'events.jsonl');
    const lines = await readFile(path, 'utf8').catch(() => '');
    const events = parseEvents(lines);
    // Whatever a kill left half written must not swallow the next line that is appended.
    const intact = events.map((event) => `${JSON.stringify(event)}\n`).join('');
    if (intact !== lines) await replaceFile(path, intact);
    found.push({ job: jobSchema.parse(JSON.parse(text)), events });
  }
  return found.toSorted((a, b) => a.job.created_at - b.job.created_at);
}

/** Events up to a torn last line. */
function parseEvents(lines: string): JobEvent[] {
  const events: JobEvent[] = [];
  for (const line of lines.split('\n')) {
    try {
      events.push(jobEvent.parse(JSON.parse(line)));
    } catch {
      break;
    }
  }
  return events;
}

/** Replaces a file as a whole: after a crash it is the old or the new one. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}
