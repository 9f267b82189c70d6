import { keccak256, toBytes } from 'viem';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../test/support/memory-store.ts';
import { createLog } from '../log.ts';
import { createApp } from './app.ts';
import { storeRoutes } from './store-routes.ts';

const app = createApp({ log: createLog('silent'), routes: [storeRoutes(memoryStore(), 100)] });
const hash = keccak256(toBytes('content'));
const put = (body: BodyInit) =>
  app.request('/v1/store', { method: 'PUT', body, duplex: 'half' } as RequestInit);

describe('the content store over HTTP', () => {
  it('takes bytes, names them by their hash and gives them back as data only', async () => {
    expect((await app.request(`/v1/store/${hash}`, { method: 'HEAD' })).status).toBe(404);
    const stored = await put('content');
    expect([stored.status, await stored.json()]).toEqual([201, { hash }]);
    expect((await app.request(`/v1/store/${hash}`, { method: 'HEAD' })).status).toBe(200);
    const read = await app.request(`/v1/store/${hash}`);
    expect(await read.text()).toBe('content');
    expect(read.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('stops reading an upload that is too large, announced or not', async () => {
    expect((await put('x'.repeat(101))).status).toBe(413);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(40)) });
    expect((await put(endless)).status).toBe(413);
  });

  it('reads no other request to its end that is too large, announced or not', async () => {
    const post = (body: BodyInit) =>
      app.request('/v1/anything', { method: 'POST', body, duplex: 'half' } as RequestInit);
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 1 << 20;
        controller.enqueue(new Uint8Array(1 << 20));
      },
    });
    for (const body of ['x'.repeat((8 << 20) + 1), endless]) {
      const response = await post(body);
      expect([response.status, (await response.json()).error.code]).toEqual([413, 'request_too_large']);
    }
    expect(sent).toBeLessThan(16 << 20);
    expect((await post('x'.repeat(8 << 20))).status).toBe(404);
  });

  it('says what is wrong with an id', async () => {
    expect((await app.request('/v1/store/nonsense')).status).toBe(400);
    const missing = await app.request(`/v1/store/${keccak256('0x00')}`);
    expect([missing.status, (await missing.json()).error.code]).toEqual([404, 'blob_not_found']);
  });

  it('does not answer to a name that a page has pointed at this machine', async () => {
    expect((await app.request(`http://rebound.example/v1/store/${hash}`)).status).toBe(403);
  });
});
