/** The training program with a pause after each event, so that there is time to stop a tiny run or to look away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createEmbeddedEngine } from '../../src/cluster/embedded.ts';

const [folder, base] = process.argv.slice(2);
for await (const event of createEmbeddedEngine().train({ folder, base }, { checkpointEvery: 2 })) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
  await sleep(400);
}
