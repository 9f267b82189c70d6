import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { listen, type RunningServer } from './serve.ts';

const app = new Hono().get('/', (context) => context.text('here'));

async function served(check: (server: RunningServer) => Promise<void>): Promise<void> {
  const server = await listen(app, '127.0.0.1', 0);
  try {
    await check(server);
  } finally {
    await server.close();
  }
}

it('says clearly when its port is in use', () =>
  served(async ({ port }) => {
    await expect(listen(app, '127.0.0.1', port)).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(String(port)),
      hint: expect.stringContaining('--port'),
    });
  }));

it('lets clients close idle connections, so that none sends while the node does', () =>
  served(async ({ url }) => {
    const response = await fetch(url);
    expect(response.headers.get('keep-alive')).toBe('timeout=75');
    expect(await response.text()).toBe('here');
  }));
