import { createEmbeddedEngine } from '@openledger/engine/cluster/embedded';
import { createSubprocessEngine } from '@openledger/engine/cluster/subprocess';
import type { TrainEngine } from '@openledger/engine/cluster/train-engine';
import { CliError } from '../error.ts';

export const ENGINE_HELP = 'embedded, subprocess, or subprocess:<command>';

/** The engine that `--engine` names. */
export function engineFor(text: string): TrainEngine {
  const [, kind, rest] = /^(\w+)(?::(.+))?$/.exec(text) ?? [];
  if (kind === 'embedded' && rest === undefined) return createEmbeddedEngine();
  if (kind === 'subprocess') return createSubprocessEngine(rest?.split(' '));
  throw new CliError(`There is no engine "${text}". It is one of: ${ENGINE_HELP}.`);
}
