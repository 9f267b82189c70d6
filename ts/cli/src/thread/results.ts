import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a finished step leaves for later steps and for the summary. Plain JSON. */
export type StepResult = Record<string, unknown>;

/** The thread's progress on one deployment, so that a second start goes on where the first one stopped. */
export type ThreadResults = {
  /** The settlement's address and the hash of the chain's first block: another deployment starts anew. */
  deployment: string;
  steps: Record<string, { seconds: number; result: StepResult }>;
};

const path = (home: string) => join(home, 'thread.json');

/** The results so far on this deployment. */
export function loadResults(home: string, deployment: string): ThreadResults {
  if (existsSync(path(home))) {
    const results = JSON.parse(readFileSync(path(home), 'utf8')) as ThreadResults;
    if (results.deployment === deployment) return results;
  }
  return { deployment, steps: {} };
}

/** Writes the results, whole or not at all. */
export function saveResults(home: string, results: ThreadResults): void {
  mkdirSync(dirname(path(home)), { recursive: true });
  writeFileSync(`${path(home)}.tmp`, JSON.stringify(results, null, 2));
  renameSync(`${path(home)}.tmp`, path(home));
}
