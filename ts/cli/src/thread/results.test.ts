import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadResults, saveResults } from './results.ts';

const home = mkdtempSync(join(tmpdir(), 'openledger-results-'));
afterAll(() => rmSync(home, { recursive: true }));

it('continues on the same deployment, and starts anew on another', () => {
  const results = loadResults(home, 'first');
  expect(results.steps).toEqual({});
  results.steps.train = { seconds: 1, result: { modelId: 2 } };
  saveResults(home, results);
  expect(loadResults(home, 'first').steps.train.result).toEqual({ modelId: 2 });
  expect(loadResults(home, 'second').steps).toEqual({});
});
