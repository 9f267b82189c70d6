import { z } from 'zod';
import { openJournal } from '../../src/journal/journal.ts';

/** Appends numbered entries for ever and prints each number once it is on the disk. For the kill -9 test. */
const entry = z.object({ id: z.number() });
let found = 0;
const journal = await openJournal({
  path: process.argv[2],
  parse: (value) => entry.parse(value),
  replay: () => {
    found += 1;
  },
});
for (let id = found; ; id += 1) {
  await journal.append({ id });
  process.stdout.write(`${id}\n`);
}
