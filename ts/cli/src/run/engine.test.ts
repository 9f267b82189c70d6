import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRunFolder } from '@openledger/engine/training/run-folder';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tinyBase, tinyManifest, tinyRows } from '../../../engine/test/tiny-base.ts';
import { engineFor } from './engine.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'openledger-engine-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('asks a Ray cluster for the resources in its address, with the token of the environment', async () => {
  await writeRunFolder(folder, tinyManifest(tinyBase(), 'native'), tinyRows);
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    asked.push([request.method, request.url, request.headers.authorization, Buffer.concat(parts).toString()]);
    response.end(request.method === 'GET' ? '[]' : '{"submission_id":"another"}');
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  const engine = engineFor(`ray:http://127.0.0.1:${port}?gpus=2&cpus=8 python train.py --compute bfloat16`, {
    RAY_API_TOKEN: 'secret',
  });
  const events = engine.train({ folder, base: '/base' }, { device: 'cuda' })[Symbol.asyncIterator]();
  await expect(events.next()).rejects.toThrow('not understood');
  server.close();
  expect(asked.map((one) => (one as string[]).slice(0, 3))).toEqual([
    ['GET', '/api/jobs/', 'Bearer secret'],
    ['POST', '/api/jobs/', 'Bearer secret'],
  ]);
  expect(JSON.parse((asked[1] as string[])[3])).toMatchObject({
    entrypoint: `python train.py --compute bfloat16 ${folder} /base --device cuda`,
    entrypoint_num_gpus: 2,
    entrypoint_num_cpus: 8,
  });
});

it('says what is wrong with an engine', () => {
  expect(() => engineFor('ray:http://head:8265?gpu=1 python')).toThrow('not for gpu');
  expect(() => engineFor('ray:http://head:8265?gpus=many python')).toThrow('gpus=many is not an amount');
  expect(() => engineFor('ray:http://head:8265')).toThrow('There is no engine');
});
