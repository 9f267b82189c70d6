/**
 * Trains a run in a process of its own: `node program.ts <run folder> <base folder> [--threads n]
 * [--device name] [--checkpoint-every n] [--keep-checkpoints n]`. Prints events as JSON lines (docs/training.md). On SIGTERM it
 * saves its state at the next step and exits with 0, without an `end`.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { DEVICES } from '../runtime/profile.ts';
import { createEmbeddedEngine } from './embedded.ts';

const number = { type: 'string' } as const;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    threads: number,
    device: { type: 'string' },
    'checkpoint-every': number,
    'keep-checkpoints': number,
  },
});
const [folder, base] = positionals;
if (folder === undefined || base === undefined) {
  throw new Error('Usage: program.ts <run folder> <base folder>');
}
const asked = (text: string | undefined) => (text === undefined ? undefined : Number(text));
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

try {
  const run = createEmbeddedEngine().train(
    { folder, base },
    {
      signal: stop.signal,
      threads: asked(values.threads),
      device: z.enum(DEVICES).optional().parse(values.device),
      checkpointEvery: asked(values['checkpoint-every']),
      keepCheckpoints: asked(values['keep-checkpoints']),
    },
  );
  for await (const event of run) process.stdout.write(`${JSON.stringify(event)}\n`);
} catch (error) {
  if (!stop.signal.aborted) throw error;
}
