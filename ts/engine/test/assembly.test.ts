import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { expect, it } from 'vitest';

const sources = fileURLToPath(new URL('../assembly', import.meta.url));

it.each(['spans.json', 'adamw.json'])(
  'the module of %s is what its source compiles to',
  async (config) => {
    const { options } = JSON.parse(await readFile(join(sources, config), 'utf8'));
    const folder = await mkdtemp(join(tmpdir(), 'assembly-'));
    const outFile = join(folder, basename(options.outFile));
    const { error } = await asc.main(['--config', config, '--baseDir', sources, '--outFile', outFile]);
    expect(error).toBeNull();
    const committed = await readFile(join(sources, options.outFile));
    const same = committed.equals(await readFile(outFile));
    await rm(folder, { recursive: true });
    expect(same, 'run `npm run build:wasm -w @openledger/engine` and commit the result').toBe(true);
  },
  120_000,
);
