import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program that was started in the background, as its pid file tells. */
export type PidFile = { pid: number; command: string };

/** The pid file of anvil itself, below its keeper's. */
export const anvilPidPath = (home: string) => join(home, 'run', 'anvil.json');

/** Writes a pid file whole or not at all. */
export function writePid(path: string, content: PidFile): void {
  writeFileSync(`${path}.tmp`, JSON.stringify(content));
  renameSync(`${path}.tmp`, path);
}

/** The process id in a pid file, while that process lives and still runs the program that the file names. */
export function readLivePid(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const { pid, command } = JSON.parse(readFileSync(path, 'utf8')) as PidFile;
  return isAlive(pid) && runs(pid, command) ? pid : undefined;
}

/** Whether a process exists and has not merely been left unwaited for. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !/^\d+ \(.*\) Z/.test(proc(pid, 'stat') ?? '');
}

/** Process ids are reused: believe one only while its command line names our program. */
function runs(pid: number, command: string): boolean {
  const line = proc(pid, 'cmdline');
  if (line === undefined) return process.platform !== 'linux';
  return line.includes(command.split('/').at(-1) ?? command);
}

/** A file of Linux's /proc, or undefined where there is none (another system, or the process just ended). */
function proc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
