/** Trains the shipped model for a few steps, makes the sketches of its rows, and prints the hashes of both. */
import { fileURLToPath } from 'node:url';
import { concat, keccak } from '@openledger/sdk/protocol/bytes';
import { stepsTree } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { buildInfluence } from '../../src/influence/build.ts';
import { loadBase } from '../../src/model/base.ts';
import { trainAdapter } from '../../src/training/run.ts';
import { tinyManifest, tinyRows } from '../tiny-base.ts';

const profile = 'exact';
const base = await loadBase(fileURLToPath(new URL('../../../models/base/', import.meta.url)));
const manifest = tinyManifest(base, profile, {
  epochs: 2,
  learningRate: { warmup: 1, peak: 0.01, floor: 0.1 },
});
for await (const event of trainAdapter({ base, manifest, rows: tinyRows, threads: 1 })) {
  if (event.type !== 'done') continue;
  const { adapter, secondMoment, records } = event;
  const { basis, rows } = await buildInfluence({
    base,
    adapter,
    secondMoment,
    rows: tinyRows,
    profile,
    threads: 1,
  });
  const sketches = concat(
    basis,
    ...rows.map(({ a }) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength)),
  );
  console.log(JSON.stringify({ steps: plainRoot(stepsTree(records)), sketches: keccak(sketches) }));
}
