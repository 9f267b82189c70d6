import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { NodeError, systemCode } from '../errors.ts';
import { decodeFrame, encodeFrame, hasFrameAfter } from './frames.ts';
import { parseRecord, stringifyRecord } from './record-json.ts';

/** The file operations of the journal. Tests replace some to make a disk fail. */
export type JournalFiles = Pick<typeof fs, 'mkdir' | 'open' | 'readFile' | 'writeFile'>;

export type TornTail = { offset: number; bytes: number; savedAs: string };

export type Journal<Entry> = {
  /** What was found on opening, oldest first. */
  readonly entries: readonly Entry[];
  /** Set when an unfinished write of an earlier life was cut off on opening. */
  readonly tornTail: TornTail | undefined;
  /** Resolves when all the entries are on the disk, all or none of them. */
  append(...entries: Entry[]): Promise<void>;
  close(): Promise<void>;
};

export type JournalOptions<Entry> = {
  path: string;
  /** Checks an entry read back; throws when it has a shape this version does not know. */
  parse: (value: unknown) => Entry;
  files?: Partial<JournalFiles>;
};

type Waiting<Entry> = { entries: Entry[]; resolve: () => void; reject: (error: unknown) => void };

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
  const bytes = await readOrEmpty(files, path);
  const entries: Entry[] = [];
  let sequence = 0;
  let end = 0;
  for (let frame = decodeFrame(bytes, 0); frame !== undefined; frame = decodeFrame(bytes, end)) {
    if (frame.sequence !== sequence) throw corrupt(path, end, `frame ${sequence} is missing`);
    entries.push(...parsePayload(options, path, end, frame.payload));
    sequence += 1;
    end = frame.end;
  }
  const handle = await files.open(path, 'a+');
  const tornTail = end < bytes.length ? await cutTail(files, handle, path, bytes, end) : undefined;

  let waiting: Waiting<Entry>[] = [];
  let writing: Promise<void> | undefined;
  let broken: unknown;
  let closed = false;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        if (broken !== undefined) throw broken;
        await write(group.flatMap((item) => item.entries));
        for (const item of group) item.resolve();
      } catch (error) {
        for (const item of group) item.reject(error);
      }
    }
    writing = undefined;
  }

  async function write(batch: Entry[]): Promise<void> {
    const frame = encodeFrame(sequence, Buffer.from(stringifyRecord(batch)));
    try {
      await handle.appendFile(frame);
      await handle.sync();
    } catch (error) {
      await undo(error);
      throw writeFailed(path, error);
    }
    sequence += 1;
    end += frame.length;
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

  function append(...batch: Entry[]): Promise<void> {
    if (closed) return Promise.reject(new Error('The journal is closed.'));
    if (batch.length === 0) return Promise.resolve();
    const done = new Promise<void>((resolve, reject) => {
      waiting.push({ entries: batch, resolve, reject });
    });
    writing ??= drain();
    return done;
  }

  async function close(): Promise<void> {
    closed = true;
    await writing;
    await handle.close();
  }

  return { entries, tornTail, append, close };
}

async function readOrEmpty(files: JournalFiles, path: string): Promise<Buffer> {
  try {
    return await files.readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw new NodeError('storage_failed', `Could not read ${path}.`, 'Check its permissions and the disk.', {
      cause: error,
    });
  }
}

function parsePayload<Entry>(options: JournalOptions<Entry>, path: string, offset: number, payload: Buffer) {
  try {
    const batch = parseRecord(payload.toString('utf8'));
    if (!Array.isArray(batch)) throw new Error('not a list of entries');
    return batch.map(options.parse);
  } catch (error) {
    throw corrupt(path, offset, 'an entry has an unknown shape', error);
  }
}

async function cutTail(
  files: JournalFiles,
  handle: fs.FileHandle,
  path: string,
  bytes: Buffer,
  offset: number,
): Promise<TornTail> {
  if (hasFrameAfter(bytes, offset)) {
    await handle.close();
    throw corrupt(path, offset, 'bytes before the end are damaged');
  }
  const savedAs = `${path}.torn-${offset}`;
  await files.writeFile(savedAs, bytes.subarray(offset));
  await handle.truncate(offset);
  await handle.sync();
  return { offset, bytes: bytes.length - offset, savedAs };
}

function corrupt(path: string, offset: number, what: string, cause?: unknown): NodeError {
  return new NodeError(
    'journal_corrupt',
    `The journal ${path} is damaged at byte ${offset}: ${what}.`,
    'Restore the file from a backup. Do not delete it: it holds the vouchers that pay you.',
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
