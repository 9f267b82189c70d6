/** Trains the tiny model and kills its own process in the middle: `node killed-run.ts <folder> <step>`. */
import { trainAdapter } from '../src/training/run.ts';
import { tinyBase, tinyManifest, tinyRows } from './tiny-base.ts';

const [checkpointDir, killAt] = process.argv.slice(2);
const base = tinyBase();
const manifest = tinyManifest(base, 'exact');
for await (const event of trainAdapter({
  base,
  manifest,
  rows: tinyRows,
  checkpointDir,
  checkpointEvery: 2,
})) {
  if (event.type === 'step' && event.step === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}
