/**
 * Carries the scenarios out on a real Ray and writes down what was said, for tests that have no Ray:
 *
 *     pip install "ray[default]" && ray start --head --dashboard-host 127.0.0.1
 *     node ts/engine/test/ray/record.ts http://127.0.0.1:8265
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Send, sendHttp } from '../../src/cluster/http.ts';
import { loadBase } from '../../src/model/base.ts';
import { describeMachine } from '../../src/training/machine.ts';
import { writeRunFolder } from '../../src/training/run-folder.ts';
import { tinyManifest, tinyRows } from '../tiny-base.ts';
import { writeTinyBase } from '../tiny-folder.ts';
import { createClock, scenarios } from './scenarios.ts';
import type { Exchange } from './transcript.ts';

const address = process.argv[2] ?? 'http://127.0.0.1:8265';
const directory = mkdtempSync(join(tmpdir(), 'openledger-ray-'));
const program = [process.execPath, fileURLToPath(new URL('./slow-program.ts', import.meta.url))];

const base = join(directory, 'base');
writeTinyBase(base);
const version = (await (await fetch(`${address}/api/version`)).json()) as { ray_version: string };
const known = (await (await fetch(`${address}/api/jobs/`)).json()) as unknown[];
// Ray appends to the log of a deleted job when its id is used again.
if (known.length > 0) throw new Error('This Ray has had jobs. Start a fresh one.');
const recorded: Record<string, Exchange[]> = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  const folder = join(directory, name);
  // A run of its own per scenario: another seed gives another id.
  const seed = Object.keys(recorded).length;
  const manifest = tinyManifest(await loadBase(base), 'native', {
    lora: { rank: 2, alpha: 4, rankStabilised: false, initScale: 1, seed },
  });
  const runId = await writeRunFolder(folder, manifest, tinyRows);
  const exchanges: Exchange[] = [];
  /** Leaves out what belongs to this machine and this run. */
  const plain = (text: string) =>
    text
      .replaceAll(directory, '/shared')
      .replaceAll(program[0], 'node')
      .replaceAll(program[1], 'program.ts')
      .replaceAll(describeMachine().model, 'A CPU')
      .replaceAll(/\/[^"\s]*\/site-packages/g, 'site-packages')
      .replaceAll(runId.slice(2), '{run}')
      .replaceAll(runId.slice(2, 26), '{short}');
  const record: Send = async (request) => {
    const { status, text } = await sendHttp(request);
    exchanges.push({
      method: request.method,
      path: plain(new URL(request.url).pathname),
      body: plain(request.body ?? ''),
      status,
      answer: plain(text),
    });
    return { status, text };
  };
  const ray = { address, send: record, pollEvery: 1_000, now: createClock() };
  const { events, error } = await scenario({ ray, program, job: { folder, base } });
  recorded[name] = exchanges;
  console.log(`${name}: ${exchanges.length} exchanges, ${events.length} events ${error ?? ''}`);
}
const target = fileURLToPath(new URL('./transcript.json', import.meta.url));
writeFileSync(target, `${JSON.stringify({ ray: version.ray_version, scenarios: recorded }, null, 1)}\n`);
rmSync(directory, { recursive: true });
