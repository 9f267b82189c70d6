import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.ts';

/** The events of a run, one JSON object per line, in its folder. */
export function eventLogPath(directory: string): string {
  return join(directory, 'events.jsonl');
}

/** Lines that parse, up to the first that does not: a kill may leave half a line behind. */
export function parseEventLines<E>(text: string): E[] {
  const events: E[] = [];
  for (const line of text.split('\n')) {
    try {
      if (line !== '') events.push(JSON.parse(line) as E);
    } catch {
      break;
    }
  }
  return events;
}

/** The events of a run so far. */
export async function readEvents<E>(directory: string): Promise<E[]> {
  return parseEventLines(await readFile(eventLogPath(directory), 'utf8').catch(() => ''));
}

/**
 * Opens a run's events to go on after `step`: what was told of later steps is about to happen again, so it is
 * removed. Returns the function that appends.
 */
export async function openEventLog(
  directory: string,
  step: number,
): Promise<(event: unknown) => Promise<void>> {
  const kept = (await readEvents<{ step?: number }>(directory)).filter((event) => (event.step ?? 0) <= step);
  const path = eventLogPath(directory);
  await writeFileAtomic(path, kept.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return (event) => appendFile(path, `${JSON.stringify(event)}\n`);
}
