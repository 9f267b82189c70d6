import { createEmbeddedEngine } from '@openledger/engine/cluster/embedded';
import { createRayEngine } from '@openledger/engine/cluster/ray';
import { createSubprocessEngine } from '@openledger/engine/cluster/subprocess';
import type { TrainEngine } from '@openledger/engine/cluster/train-engine';
import { CliError } from '../error.ts';

export const ENGINE_HELP =
  'embedded, subprocess, "subprocess:<command>", or "ray:<url> <command>" for a cluster that sees the same folders (?gpus=n&cpus=n after the url asks for resources)';

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
    const { address, ...resources } = rayCluster(words[0]);
    return createRayEngine({ address, ...resources, command: words.slice(1), headers });
  }
  throw new CliError(`There is no engine "${text}". It is one of: ${ENGINE_HELP}.`);
}

/** A cluster's address, and what a job asks for in its query: `http://head:8265?gpus=1`. */
function rayCluster(text: string): { address: string; gpus?: number; cpus?: number } {
  const url = new URL(text);
  const unknown = [...url.searchParams.keys()].filter((name) => name !== 'gpus' && name !== 'cpus');
  if (unknown.length > 0)
    throw new CliError(`A Ray cluster is asked for gpus and cpus, not for ${unknown[0]}.`);
  const asked = (name: string) => {
    const value = url.searchParams.get(name);
    if (value === null) return undefined;
    const amount = Number(value);
    if (!(amount > 0)) throw new CliError(`${name}=${value} is not an amount of resources.`);
    return amount;
  };
  const [gpus, cpus] = [asked('gpus'), asked('cpus')];
  url.search = '';
  return { address: url.href, gpus, cpus };
}
