import { keccak256, toBytes } from 'viem';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../test/support/memory-store.ts';
import { httpStore } from './http-store.ts';
import { layeredStore } from './layered-store.ts';

const bytes = toBytes('content');
const hash = keccak256(bytes);
const url = 'http://127.0.0.1:1';

const answering = (body: BodyInit | null, status = 200): typeof fetch => {
  return async () => new Response(body, { status });
};

describe('the content store behind HTTP', () => {
  it('returns bytes that hash to the id', async () => {
    const store = httpStore({ url, fetch: answering('content') });
    expect(keccak256(await store.get(hash))).toBe(hash);
  });

  it('refuses an answer that hashes to something else', async () => {
    const store = httpStore({ url, fetch: answering('forged') });
    await expect(store.get(hash)).rejects.toMatchObject({ code: 'blob_corrupt' });
  });

  it('stops reading an answer that never ends', async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1024;
        controller.enqueue(new Uint8Array(1024));
      },
    });
    const store = httpStore({ url, maxBytes: 10_000, fetch: answering(endless) });
    await expect(store.get(hash)).rejects.toMatchObject({ code: 'blob_too_large' });
    expect(sent).toBeLessThan(20_000);
  });

  it('says when the store does not have the blob or does not answer', async () => {
    await expect(httpStore({ url, fetch: answering(null, 404) }).get(hash)).rejects.toMatchObject({
      code: 'blob_not_found',
    });
    await expect(httpStore({ url }).get(hash)).rejects.toMatchObject({ code: 'storage_failed' });
  });
});

describe('a local store in front of others', () => {
  it('passes over a remote that lies, and keeps what the honest one has', async () => {
    const local = memoryStore();
    const liar = httpStore({ url, fetch: answering('forged') });
    const honest = httpStore({ url, fetch: answering('content') });
    const store = layeredStore(local, [liar, honest]);
    expect(keccak256(await store.get(hash))).toBe(hash);
    expect(await local.has(hash)).toBe(true);
  });

  it('fails when nobody has the blob', async () => {
    const store = layeredStore(memoryStore(), [httpStore({ url, fetch: answering(null, 404) })]);
    await expect(store.get(hash)).rejects.toMatchObject({ code: 'blob_not_found' });
  });
});
