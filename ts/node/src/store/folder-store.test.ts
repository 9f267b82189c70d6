import * as fs from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keccak256, toBytes } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blobPath, openFolderStore } from './folder-store.ts';

const hello = toBytes('hello');

describe('the content store in a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openledger-store-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('names a blob by the keccak256 of its bytes and returns the same bytes', async () => {
    const store = await openFolderStore({ folder });
    const hash = await store.put(hello);
    expect(hash).toBe(keccak256(hello));
    expect(await store.has(hash)).toBe(true);
    expect(toBytes(await store.get(hash).then((bytes) => Buffer.from(bytes).toString()))).toEqual(hello);
    expect(await readFile(join(folder, hash.slice(2, 4), hash.slice(2)), 'utf8')).toBe('hello');
  });

  it('says which blob is missing and how to supply it', async () => {
    const store = await openFolderStore({ folder });
    await expect(store.get(keccak256(hello))).rejects.toMatchObject({
      code: 'blob_not_found',
      hint: expect.stringContaining('PUT /v1/store'),
    });
  });

  it('refuses to return bytes that were changed on the disk, and storing them again repairs the blob', async () => {
    const store = await openFolderStore({ folder });
    const hash = await store.put(hello);
    await writeFile(blobPath(folder, hash), 'hullo');
    await expect(store.get(hash)).rejects.toMatchObject({ code: 'blob_corrupt' });
    await store.put(hello);
    expect(Buffer.from(await store.get(hash)).toString()).toBe('hello');
  });

  it('refuses a blob above the size limit', async () => {
    const store = await openFolderStore({ folder, maxBytes: 4 });
    await expect(store.put(hello)).rejects.toMatchObject({ code: 'blob_too_large' });
  });

  it('rejects ids that are no ids, so that no path can be smuggled in', async () => {
    const store = await openFolderStore({ folder });
    expect(await store.has('0x../../etc/passwd')).toBe(false);
    await expect(store.get('0x../../etc/passwd')).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('reports a full disk, keeps what it had and leaves no half blob behind', async () => {
    const kept = await (await openFolderStore({ folder })).put(toBytes('kept'));
    const open: typeof fs.open = async (...args) => {
      const handle = await fs.open(...args);
      if (args[1] === 'wx') {
        handle.writeFile = async () => {
          await handle.write('hel');
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        };
      }
      return handle;
    };
    const full = await openFolderStore({ folder, files: { open } });
    await expect(full.put(hello)).rejects.toMatchObject({
      code: 'no_space',
      message: expect.stringContaining('No space left'),
      hint: expect.stringContaining('Free some space'),
    });
    expect(await full.has(keccak256(hello))).toBe(false);
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
    expect(Buffer.from(await full.get(kept)).toString()).toBe('kept');
    const again = await openFolderStore({ folder });
    await again.put(hello);
    expect(await again.has(keccak256(hello))).toBe(true);
  });

  it('drops what a crash left half written', async () => {
    await openFolderStore({ folder });
    await writeFile(join(folder, 'tmp', 'half'), 'hel');
    await openFolderStore({ folder });
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
  });
});
