import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { expect, it } from 'vitest';

it('kernel.wasm is what its source compiles to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kernel-'));
  const outFile = join(folder, 'kernel.wasm');
  const baseDir = fileURLToPath(new URL('../../assembly', import.meta.url));
  const { error } = await asc.main(['--config', 'asconfig.json', '--baseDir', baseDir, '--outFile', outFile]);
  expect(error).toBeNull();
  const committed = await readFile(new URL('./kernel.wasm', import.meta.url));
  const same = committed.equals(await readFile(outFile));
  await rm(folder, { recursive: true });
  expect(same, 'run `npm run build:wasm -w @openledger/engine` and commit the result').toBe(true);
}, 120_000);
