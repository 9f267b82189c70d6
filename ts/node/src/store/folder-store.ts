import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Hex, keccak256 } from 'viem';
import { NodeError, systemCode } from '../errors.ts';
import type { BlobStore } from './types.ts';
import { isBlobId } from './uri.ts';

/** The file operations the store needs. Tests replace some to make a disk fail. */
export type StoreFiles = Pick<typeof fs, 'access' | 'mkdir' | 'open' | 'readFile' | 'rename' | 'rm' | 'stat'>;

/** Largest blob accepted unless configured otherwise: a base model of a few million parameters fits well. */
export const DEFAULT_MAX_BLOB_BYTES = 64 * 1024 * 1024;

export type FolderStoreOptions = {
  /** Folder of the blobs, created when missing. */
  folder: string;
  maxBytes?: number;
  files?: Partial<StoreFiles>;
};

/** Where a blob lies below the store's folder. */
export function blobPath(folder: string, hash: Hex): string {
  const hex = hash.slice(2).toLowerCase();
  return join(folder, hex.slice(0, 2), hex);
}

/**
 * A content store in a folder. A blob becomes visible only by renaming a complete, synced file,
 * so a crash or a full disk never leaves a half blob under a valid name.
 */
export async function openFolderStore(options: FolderStoreOptions): Promise<BlobStore> {
  const files: StoreFiles = { ...fs, ...options.files };
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BLOB_BYTES;
  const { folder } = options;
  const incoming = join(folder, 'tmp');
  // Half-written files of an earlier life are unreachable by name; drop them.
  await files.rm(incoming, { recursive: true, force: true });
  await files.mkdir(incoming, { recursive: true });

  async function has(hash: Hex): Promise<boolean> {
    return isBlobId(hash) && (await exists(files, blobPath(folder, hash)));
  }

  async function get(hash: Hex): Promise<Uint8Array> {
    if (!isBlobId(hash)) {
      throw new NodeError('bad_request', `"${hash}" is not a blob id.`, 'Use 0x and 64 hexadecimal digits.');
    }
    const path = blobPath(folder, hash);
    let bytes: Uint8Array;
    try {
      bytes = await files.readFile(path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw storageError('read', path, error);
      throw new NodeError(
        'blob_not_found',
        `Blob ${hash} is not in the content store.`,
        'Upload it with PUT /v1/store, or name another store with --store-urls.',
      );
    }
    if (keccak256(bytes) !== hash.toLowerCase()) {
      throw new NodeError(
        'blob_corrupt',
        `Blob ${hash} is damaged on disk: its bytes hash to something else.`,
        'Store the content again (that repairs it), and check the disk.',
      );
    }
    // Not the Buffer itself: its `slice` shares memory, unlike any other Uint8Array's.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  async function put(bytes: Uint8Array): Promise<Hex> {
    if (bytes.length > maxBytes) {
      throw new NodeError(
        'blob_too_large',
        `A blob of ${bytes.length} bytes is larger than the limit of ${maxBytes}.`,
        'Split the content, or raise the limit with --store-max-bytes.',
      );
    }
    const hash = keccak256(bytes);
    const path = blobPath(folder, hash);
    if (await isIntact(files, path, hash)) return hash;
    const temporary = join(incoming, randomBytes(12).toString('hex'));
    try {
      await files.mkdir(dirname(path), { recursive: true });
      await writeSynced(files, temporary, bytes);
      await files.rename(temporary, path);
      await syncFolder(files, dirname(path));
    } catch (error) {
      await files.rm(temporary, { force: true }).catch(() => undefined);
      throw storageError('write', path, error);
    }
    return hash;
  }

  return { has, get, put };
}

async function exists(files: StoreFiles, path: string): Promise<boolean> {
  return files.access(path).then(
    () => true,
    () => false,
  );
}

/** Whether the blob is there and undamaged. Storing a damaged blob again repairs it. */
async function isIntact(files: StoreFiles, path: string, hash: Hex): Promise<boolean> {
  const bytes = await files.readFile(path).catch(() => undefined);
  return bytes !== undefined && keccak256(bytes) === hash;
}

async function writeSynced(files: StoreFiles, path: string, bytes: Uint8Array): Promise<void> {
  const handle = await files.open(path, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a rename durable. Some file systems refuse to sync folders; the rename is still atomic there. */
async function syncFolder(files: StoreFiles, path: string): Promise<void> {
  const handle = await files.open(path, 'r').catch(() => undefined);
  if (handle === undefined) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}

function storageError(action: 'read' | 'write', path: string, error: unknown): NodeError {
  if (error instanceof NodeError) return error;
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new NodeError(
      'no_space',
      `No space left on the disk while writing ${path}.`,
      'Free some space and send the content again; nothing stored before is affected.',
      { cause: error },
    );
  }
  return new NodeError(
    'storage_failed',
    `Could not ${action} ${path} (${code ?? 'unknown error'}).`,
    'Check the permissions and the disk of the --home folder.',
    { cause: error },
  );
}
