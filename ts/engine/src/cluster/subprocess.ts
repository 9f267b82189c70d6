import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseEngineLine, type TrainEngine, type TrainEngineOptions } from './train-engine.ts';

/** The command of the program that ships here. */
export const PROGRAM: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('./program.ts', import.meta.url)),
];

/** What is kept of a program's complaints, for the error message. */
const TAIL = 2_000;

/**
 * Trains in a process of its own: a crash, or a run out of memory, does not take the caller down, and starting the run
 * again goes on from its last checkpoint. The command gets the run's folder, the base's folder and the options, and
 * prints one event per line.
 */
export function createSubprocessEngine(command: readonly string[] = PROGRAM): TrainEngine {
  return {
    name: 'subprocess',
    async *train(job, options = {}) {
      const [file, ...args] = command;
      const child = spawn(file, [...args, job.folder, job.base, ...flagsOf(options)], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const complaints = tailOf(child);
      const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
      // A command that cannot be started is told of when its end is awaited.
      closed.catch(() => undefined);
      const { signal } = options;
      const stop = () => child.kill('SIGTERM');
      signal?.addEventListener('abort', stop);
      if (signal?.aborted) stop();
      try {
        let ended = false;
        for await (const line of createInterface({ input: child.stdout })) {
          const event = parseEngineLine(line);
          if (event === undefined) continue;
          yield event;
          ended = event.type === 'end';
        }
        const [code, killedBy] = await closed;
        if (ended) return;
        signal?.throwIfAborted();
        const how = killedBy === null ? `exited with ${code}` : `was killed by ${killedBy}`;
        throw new Error(
          `The training program ${how} before the run's end. Start the run again to go on from its last checkpoint. ${complaints()}`.trim(),
        );
      } finally {
        signal?.removeEventListener('abort', stop);
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      }
    },
  };
}

/** The options as flags of the program. */
export function flagsOf({ threads, device, checkpointEvery, keepCheckpoints }: TrainEngineOptions): string[] {
  const flags = { threads, device, 'checkpoint-every': checkpointEvery, 'keep-checkpoints': keepCheckpoints };
  return Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
}

function tailOf(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-TAIL);
  });
  return () => text;
}
