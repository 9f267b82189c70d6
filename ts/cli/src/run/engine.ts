import { createEmbeddedEngine } from '@openledger/engine/cluster/embedded';
import { createRayEngine } from '@openledger/engine/cluster/ray';
import { createSubprocessEngine } from '@openledger/engine/cluster/subprocess';
import type { TrainEngine } from '@openledger/engine/cluster/train-engine';
import { CliError } from '../error.ts';

export const ENGINE_HELP =
  'embedded, subprocess, "subprocess:<command>", or "ray:<url> <command>" for a cluster that sees the same folders';

/** The engine that `--engine` names. `RAY_API_TOKEN` is sent to a cluster that asks for one. */
export function engineFor(text: string, env: NodeJS.ProcessEnv = process.env): TrainEngine {
  if (text === 'embedded') return createEmbeddedEngine();
  if (text === 'subprocess') return createSubprocessEngine();
  const [, kind, rest] = /^(subprocess|ray):(.+)$/.exec(text) ?? [];
  const words = rest?.trim().split(/\s+/) ?? [];
  if (kind === 'subprocess') return createSubprocessEngine(words);
  if (kind === 'ray' && words.length > 1 && URL.canParse(words[0])) {
    const token = env.RAY_API_TOKEN;
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return createRayEngine({ address: words[0], command: words.slice(1), headers });
  }
  throw new CliError(`There is no engine "${text}". It is one of: ${ENGINE_HELP}.`);
}
