import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devnetAt, sharedHome } from '../e2e/devnet.ts';

/** A devnet on which the whole thread was run once. */
export type Devnet = { studio: string; close(): Promise<void> };

/**
 * A running devnet with the thread behind it. The end-to-end stage leaves one, which is continued here; without it
 * a new one is made, which takes as long as a first start. OPENLEDGER_STUDIO_URL names one that runs already.
 */
export async function openDevnet(): Promise<Devnet> {
  const running = process.env.OPENLEDGER_STUDIO_URL;
  if (running !== undefined) return { studio: running, close: async () => {} };
  const isLeft = existsSync(sharedHome);
  const home = isLeft ? sharedHome : mkdtempSync(join(tmpdir(), 'openledger-browser-'));
  const devnet = await devnetAt(home);
  const { code, stdout, stderr } = await devnet.cli('up', '--json');
  if (code !== 0) throw new Error(`The devnet did not start (exit ${code}):\n${stdout}${stderr}`);
  return {
    studio: devnet.urls.studio,
    async close() {
      await devnet.cli('devnet', 'down');
      if (isLeft) return;
      rmSync(home, { recursive: true, force: true });
      rmSync(devnet.deployment, { force: true });
    },
  };
}
