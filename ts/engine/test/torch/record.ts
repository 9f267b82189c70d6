/**
 * Carries the cases out with the torch program and writes down what came of them, for tests that have no Python. To be
 * repeated when the versions that manifests name change:
 *
 *     pip install -r ts/engine/torch/requirements.txt
 *     OPENLEDGER_PYTHON=python node ts/engine/test/torch/record.ts
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineEvent } from '../../src/cluster/train-engine.ts';
import { checkpointPath, listCheckpoints } from '../../src/training/checkpoint.ts';
import { RUN_FILES, writeRunFolder } from '../../src/training/run-folder.ts';
import { writeTinyBase } from '../tiny-folder.ts';
import { caseManifest, GOLDEN, torchCases, torchEngine, torchRows } from './cases.ts';

const engine = torchEngine();
if (engine === undefined) throw new Error('Set OPENLEDGER_PYTHON to a Python that has the requirements.');
const directory = mkdtempSync(join(tmpdir(), 'openledger-torch-'));
const base = join(directory, 'base');
writeTinyBase(base);
rmSync(GOLDEN, { recursive: true, force: true });
for (const name of Object.keys(torchCases)) {
  const folder = join(directory, name);
  await writeRunFolder(folder, await caseManifest(base, name), torchRows);
  const events: EngineEvent[] = [];
  for await (const event of engine.train({ folder, base }, { checkpointEvery: 8 })) events.push(event);
  const target = join(GOLDEN, name);
  cpSync(folder, target, { recursive: true });
  rmSync(join(target, RUN_FILES.work, 'events.jsonl'));
  const lines = events.map((event) => `${JSON.stringify(event)}\n`.replaceAll(folder, `/runs/${name}`));
  writeFileSync(join(target, 'stdout.jsonl'), lines.join(''));
  // A whole model's checkpoints are large, and its result holds the same numbers.
  if (torchCases[name].mode === 'full') {
    for (const step of await listCheckpoints(join(target, RUN_FILES.work)))
      rmSync(checkpointPath(join(target, RUN_FILES.work), step));
  }
  console.log(`${name}: ${events.length} events`);
}
rmSync(directory, { recursive: true });
