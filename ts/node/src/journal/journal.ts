import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { NodeError, systemCode } from '../errors.ts';
import { createFrameReader, type FrameReader } from './frame-reader.ts';
import { encodeFrame } from './frames.ts';
import { parseRecord, stringifyRecord } from './record-json.ts';

/** The file operations of the journal. Tests replace some to make a disk fail. */
export type JournalFiles = Pick<typeof fs, 'mkdir' | 'open' | 'writeFile'>;

export type TornTail = { offset: number; bytes: number; savedAs: string };

/** Where in the journal entries lie: the byte at which their frame begins. Never changes. */
export type Place = number;

export type Journal<Entry> = {
  /** Set when an unfinished write of an earlier life was cut off on opening. */
  readonly tornTail: TornTail | undefined;
  /** Resolves with their place when all the entries are on the disk, all or none of them. */
  append(...entries: Entry[]): Promise<Place>;
  /** Reads back what lies at a place that `append` or the replay gave: these entries, and what was written with them. */
  read(place: Place): Promise<Entry[]>;
  close(): Promise<void>;
};

export type JournalOptions<Entry> = {
  path: string;
  /** Checks an entry read back; throws when it has a shape this version does not know. */
  parse: (value: unknown) => Entry;
  /** Gets what is found on opening, oldest first. The journal itself keeps nothing of it. */
  replay: (entry: Entry, place: Place) => void;
  files?: Partial<JournalFiles>;
};

type Waiting<Entry> = { entries: Entry[]; resolve: (place: Place) => void; reject: (error: unknown) => void };

/** Bytes that the replay reads at a time. */
const REPLAY_BLOCK = 2 ** 20;
/** Bytes that are read at a time when an entry is read back: most frames are shorter. */
const READ_BLOCK = 2 ** 14;
/** Appends that share a frame. Who reads one of them back reads them all. */
const MAX_SHARING = 32;

/**
 * Opens an append-only journal. An append is acknowledged only after the bytes are synced.
 * Appends that arrive during a sync share the next frame, so one frame at most is unacknowledged at any
 * time: a damaged frame at the very end is a write that never finished (cut off, kept in a file beside it),
 * a damaged frame before an intact one is damage, and then the journal refuses to open.
 */
export async function openJournal<Entry>(options: JournalOptions<Entry>): Promise<Journal<Entry>> {
  const files: JournalFiles = { ...fs, ...options.files };
  const { path } = options;
  await files.mkdir(dirname(path), { recursive: true });
  const handle = await openFile(files, path);
  const frameAt = (reader: FrameReader, place: Place) =>
    reader.frameAt(place).catch((error: unknown) => {
      throw readFailed(path, error);
    });
  let sequence = 0;
  let end = 0;
  let tornTail: TornTail | undefined;
  try {
    const { size } = await handle.stat();
    const reader = createFrameReader(handle, size, REPLAY_BLOCK);
    for (let frame = await frameAt(reader, 0); frame !== undefined; frame = await frameAt(reader, end)) {
      if (frame.sequence !== sequence) throw corrupt(path, end, `frame ${sequence} is missing`);
      for (const entry of parsePayload(options, end, frame.payload)) options.replay(entry, end);
      sequence += 1;
      end = frame.end;
    }
    if (end < size) tornTail = await cutTail({ files, handle, path, reader, offset: end, size });
  } catch (error) {
    await handle.close();
    throw error;
  }

  const waiting: Waiting<Entry>[] = [];
  let writing: Promise<void> | undefined;
  let broken: unknown;
  let closed = false;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting.splice(0, MAX_SHARING);
      try {
        if (broken !== undefined) throw broken;
        const place = await write(group.flatMap((item) => item.entries));
        for (const item of group) item.resolve(place);
      } catch (error) {
        for (const item of group) item.reject(error);
      }
    }
    writing = undefined;
  }

  async function write(batch: Entry[]): Promise<Place> {
    const frame = encodeFrame(sequence, Buffer.from(stringifyRecord(batch)));
    try {
      await handle.appendFile(frame);
      await handle.sync();
    } catch (error) {
      await undo(error);
      throw writeFailed(path, error);
    }
    const place = end;
    sequence += 1;
    end += frame.length;
    return place;
  }

  /** Takes a half-written frame back. If even that fails, the journal accepts nothing more. */
  async function undo(cause: unknown): Promise<void> {
    try {
      await handle.truncate(end);
      await handle.sync();
      // After a failed sync the kernel may have dropped pages it calls clean: only a fresh start can tell.
      if (systemCode(cause) === 'EIO') broken = writeFailed(path, cause);
    } catch {
      broken = writeFailed(path, cause);
    }
  }

  function append(...batch: Entry[]): Promise<Place> {
    if (closed) return Promise.reject(new Error('The journal is closed.'));
    if (batch.length === 0) return Promise.resolve(end);
    const done = new Promise<Place>((resolve, reject) => {
      waiting.push({ entries: batch, resolve, reject });
    });
    writing ??= drain();
    return done;
  }

  async function read(place: Place): Promise<Entry[]> {
    const frame = await frameAt(createFrameReader(handle, end, READ_BLOCK), place);
    if (frame === undefined) {
      throw corrupt(
        path,
        place,
        'a record that was intact when it was written or last replayed is not any more',
      );
    }
    return parsePayload(options, place, frame.payload);
  }

  async function close(): Promise<void> {
    closed = true;
    await writing;
    await handle.close();
  }

  return { tornTail, append, read, close };
}

async function openFile(files: JournalFiles, path: string): Promise<fs.FileHandle> {
  try {
    return await files.open(path, 'a+');
  } catch (error) {
    throw readFailed(path, error);
  }
}

function parsePayload<Entry>({ path, parse }: JournalOptions<Entry>, place: Place, payload: Buffer): Entry[] {
  try {
    const batch = parseRecord(payload.toString('utf8'));
    if (!Array.isArray(batch)) throw new Error('not a list of entries');
    return batch.map(parse);
  } catch (error) {
    throw corrupt(path, place, 'an entry has an unknown shape', error);
  }
}

async function cutTail(options: {
  files: JournalFiles;
  handle: fs.FileHandle;
  path: string;
  reader: FrameReader;
  offset: number;
  size: number;
}): Promise<TornTail> {
  const { files, handle, path, reader, offset, size } = options;
  if (await reader.hasFrameAfter(offset)) throw corrupt(path, offset, 'bytes before the end are damaged');
  const savedAs = `${path}.torn-${offset}`;
  await files.writeFile(savedAs, reader.bytesFrom(offset));
  await handle.truncate(offset);
  await handle.sync();
  return { offset, bytes: size - offset, savedAs };
}

function readFailed(path: string, cause: unknown): NodeError {
  return new NodeError('storage_failed', `Could not read ${path}.`, 'Check its permissions and the disk.', {
    cause,
  });
}

function corrupt(path: string, offset: number, what: string, cause?: unknown): NodeError {
  return new NodeError(
    'journal_corrupt',
    `The journal ${path} is damaged at byte ${offset}: ${what}.`,
    'Stop the node and restore the file from a backup. Do not delete it: it holds the vouchers that pay you.',
    { cause },
  );
}

function writeFailed(path: string, cause: unknown): NodeError {
  const code = systemCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new NodeError(
      'no_space',
      `No space left on the disk for the journal ${path}.`,
      'Free some space; calls are refused until then, and nothing journaled before is lost.',
      { cause },
    );
  }
  return new NodeError(
    'storage_failed',
    `Could not write the journal ${path}.`,
    'Check the disk, then restart.',
    {
      cause,
    },
  );
}
