import { z } from 'zod';
import { openJournal } from '../../src/journal/journal.ts';

/** Appends numbered entries for ever and prints each number once it is on the disk. For the kill -9 test. */
const entry = z.object({ id: z.number() });
const journal = await openJournal({ path: process.argv[2], parse: (value) => entry.parse(value) });
for (let id = journal.entries.length; ; id += 1) {
  await journal.append({ id });
  process.stdout.write(`${id}\n`);
}
