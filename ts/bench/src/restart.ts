import { spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { median, report } from './report.ts';

const root = resolve(fileURLToPath(import.meta.url), '../../../..');
const cli = resolve(root, 'ts/cli/src/main.ts');
const ROUNDS = 3;

/**
 * A second start, of the devnet that `npm start` has left in its folder: seconds until the node lists an adapter to
 * chat with, and until everything is up. The machine's own limit is the bare start of the command line.
 */
export async function run(): Promise<void> {
  const node = `http://127.0.0.1:${process.env.OPENLEDGER_NODE_PORT ?? 8650}/v1/models`;
  const [chat, everything, bare]: number[][] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    spawnSync(process.execPath, [cli, 'devnet', 'down']);
    const idle = Date.now();
    spawnSync(process.execPath, [cli, '--version']);
    bare.push((Date.now() - idle) / 1000);

    const started = Date.now();
    const up = spawn('npm', ['start'], { cwd: root, stdio: 'ignore' });
    const ended = new Promise<number | null>((done) => up.once('close', done));
    while (!(await listsAdapter(node))) await sleep(100);
    chat.push((Date.now() - started) / 1000);
    if ((await ended) !== 0)
      throw new Error('`npm start` failed. Run it once by hand before this benchmark.');
    everything.push((Date.now() - started) / 1000);
  }
  const anchor = median(bare);
  const metric = (name: string, values: number[], limit: number) => ({
    bench: 'restart',
    metric: name,
    ours: median(values),
    anchor,
    ratio: Math.round((median(values) / anchor) * 10) / 10,
    target: `< ${limit} s`,
    pass: median(values) < limit,
  });
  report([
    metric('seconds until chat is usable', chat, 10),
    metric('seconds until everything is up', everything, 30),
  ]);
}

async function listsAdapter(url: string): Promise<boolean> {
  try {
    const { data } = (await (await fetch(url)).json()) as { data: { openledger: { kind: string } }[] };
    return data.some(({ openledger }) => openledger.kind === 'adapter');
  } catch {
    return false;
  }
}
