import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type JournalFiles, openJournal } from './journal.ts';

const entry = z.object({
  id: z.number(),
  amount: z.bigint().optional(),
  bytes: z.instanceof(Uint8Array).optional(),
});
type Entry = z.infer<typeof entry>;

describe('the journal', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), 'openledger-journal-'));
    path = join(folder, 'node.journal');
  });
  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  const open = async (files?: Partial<JournalFiles>) => {
    const entries: Entry[] = [];
    const places: number[] = [];
    const replay = (found: Entry, place: number) => {
      entries.push(found);
      places.push(place);
    };
    const journal = await openJournal<Entry>({ path, parse: (value) => entry.parse(value), replay, files });
    return { ...journal, entries, places };
  };

  it('gives back what was appended, in order, with amounts and bytes intact', async () => {
    const journal = await open();
    await journal.append({ id: 1, amount: 10n ** 27n }, { id: 2, bytes: new Uint8Array([0, 255]) });
    await journal.append({ id: 3 });
    await journal.close();
    const again = await open();
    expect(again.tornTail).toBeUndefined();
    expect(again.entries).toEqual([
      { id: 1, amount: 10n ** 27n },
      { id: 2, bytes: new Uint8Array([0, 255]) },
      { id: 3 },
    ]);
    await again.close();
  });

  it('writes appends that arrive together with few syncs', async () => {
    let syncs = 0;
    const counting = await open({
      open: async (...args) => {
        const handle = await fs.open(...args);
        const sync = handle.sync.bind(handle);
        handle.sync = async () => {
          syncs += 1;
          await sync();
        };
        return handle;
      },
    });
    await Promise.all(Array.from({ length: 100 }, (_, id) => counting.append({ id })));
    await counting.close();
    expect(syncs).toBeLessThan(10);
    const again = await open();
    expect(again.entries.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, id) => id));
    await again.close();
  });

  it('cuts a torn tail at any byte, reports it and keeps the cut bytes in a file', async () => {
    const journal = await open();
    await journal.append({ id: 1 });
    const whole = (await fs.stat(path)).size;
    await journal.append({ id: 2 });
    await journal.close();
    const bytes = await fs.readFile(path);
    for (let length = whole + 1; length < bytes.length; length += 1) {
      await fs.writeFile(path, bytes.subarray(0, length));
      const torn = await open();
      expect(torn.entries).toEqual([{ id: 1 }]);
      expect(torn.tornTail).toMatchObject({ offset: whole, bytes: length - whole });
      expect((await fs.readFile(torn.tornTail!.savedAs)).length).toBe(length - whole);
      await torn.append({ id: 3 });
      await torn.close();
      const after = await open();
      expect(after.entries).toEqual([{ id: 1 }, { id: 3 }]);
      await after.close();
    }
  });

  it('refuses to open when bytes before the end are damaged, and changes nothing', async () => {
    const journal = await open();
    for (let id = 0; id < 3; id += 1) await journal.append({ id });
    await journal.close();
    const bytes = await fs.readFile(path);
    bytes[60] ^= 1;
    await fs.writeFile(path, bytes);
    await expect(open()).rejects.toMatchObject({ code: 'journal_corrupt' });
    expect(await fs.readFile(path)).toEqual(bytes);
  });

  it('reports a full disk, takes the half-written frame back and works again when there is space', async () => {
    let full = true;
    const journal = await open({
      open: async (...args) => {
        const handle = await fs.open(...args);
        const appendFile = handle.appendFile.bind(handle);
        handle.appendFile = async (data, options) => {
          if (!full) return appendFile(data, options);
          await appendFile((data as Buffer).subarray(0, 20));
          throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
        };
        return handle;
      },
    });
    await expect(journal.append({ id: 1 })).rejects.toMatchObject({ code: 'no_space' });
    full = false;
    await journal.append({ id: 2 });
    await journal.close();
    const again = await open();
    expect(again.entries).toEqual([{ id: 2 }]);
    await again.close();
  });

  it('reads an entry back from the place that it was given when it was written, and again on replay', async () => {
    const journal = await open();
    const first = await journal.append({ id: 1, amount: 5n });
    const long = { id: 2, bytes: new Uint8Array(100_000).fill(7) };
    const second = await journal.append(long, { id: 3 });
    expect(await journal.read(first)).toEqual([{ id: 1, amount: 5n }]);
    expect(await journal.read(second)).toEqual([long, { id: 3 }]);
    await journal.close();
    const again = await open();
    expect(again.places).toEqual([first, second, second]);
    expect(await again.read(second)).toEqual([long, { id: 3 }]);
    await again.close();
  });

  it('names the file and what to do when an entry is damaged after it was written', async () => {
    const journal = await open();
    const place = await journal.append({ id: 1, bytes: new Uint8Array(100) });
    const bytes = await fs.readFile(path);
    bytes[bytes.length - 20] ^= 1;
    await fs.writeFile(path, bytes);
    const error = await journal.read(place).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'journal_corrupt' });
    expect(String(error)).toContain(path);
    expect((error as { hint: string }).hint).toContain('restore the file from a backup');
    await expect(journal.read(1)).rejects.toMatchObject({ code: 'journal_corrupt' });
    await journal.close();
  });

  it('replays and tells torn from damaged without reading more than a block at a time', async () => {
    const journal = await open();
    const count = 48;
    for (let id = 0; id < count; id += 1) await journal.append({ id, bytes: new Uint8Array(150_000) });
    await journal.close();
    const { size } = await fs.stat(path);
    let largest = 0;
    const watching: Partial<JournalFiles> = {
      open: async (...args) => {
        const handle = await fs.open(...args);
        const read = handle.read.bind(handle) as (...args: unknown[]) => Promise<never>;
        handle.read = ((buffer: Buffer, ...rest: unknown[]) => {
          largest = Math.max(largest, buffer.length);
          return read(buffer, ...rest);
        }) as typeof handle.read;
        return handle;
      },
    };
    const again = await open(watching);
    expect(again.entries).toHaveLength(count);
    await again.close();
    expect(size).toBeGreaterThan(9_000_000);
    expect(largest).toBeLessThanOrEqual(2 ** 20);
    // The first frame is damaged: intact ones follow, some of them across the edges of blocks.
    const file = await fs.open(path, 'r+');
    await file.write(Buffer.from('x'), 0, 1, 100);
    await file.close();
    await expect(open(watching)).rejects.toMatchObject({ code: 'journal_corrupt' });
    expect(largest).toBeLessThanOrEqual(2 ** 20);
    expect((await fs.stat(path)).size).toBe(size);
  });

  it('has lost no acknowledged entry after kill -9 of the writing process, ten times over', async () => {
    let acknowledged = -1;
    for (let round = 0; round < 10; round += 1) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, '../../test/support/journal-writer.ts'), path],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      acknowledged = Math.max(acknowledged, await killAfter(child, 20 + round * 7));
      const journal = await open();
      const ids = journal.entries.map(({ id }) => id);
      expect(ids).toEqual(ids.map((_, index) => index));
      expect(ids.length - 1).toBeGreaterThanOrEqual(acknowledged);
      await journal.close();
    }
    expect(acknowledged).toBeGreaterThan(100);
  }, 60_000);
});

/** Kills the writer after it has acknowledged `count` entries; the last acknowledged id. */
async function killAfter(child: ChildProcess, count: number): Promise<number> {
  let last = -1;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    last = Number(line);
    seen += 1;
    if (seen === count) child.kill('SIGKILL');
  }
  return last;
}
