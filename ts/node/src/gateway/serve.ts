import { type AddressInfo, createServer } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { NodeError, systemCode } from '../errors.ts';

/**
 * Milliseconds after which an idle connection is closed. Longer than clients and proxies keep theirs (commonly a minute),
 * so that they close it: who sends while the other end closes loses the request, and here requests carry payments.
 */
const KEEP_ALIVE_MS = 75_000;

export type RunningServer = { url: string; port: number; close(): Promise<void> };

/** Fails early, before anything is done on the chain, when the port is taken. */
export function assertPortFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => reject(systemCode(error) === 'EADDRINUSE' ? portInUse(port) : error));
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

/** Starts listening; a port in use is an error that says so. */
export function listen(app: Hono, host: string, port: number): Promise<RunningServer> {
  return new Promise((resolve, reject) => {
    const server: ServerType = serve({
      ...{ fetch: app.fetch, hostname: host, port },
      serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS },
    });
    server.once('error', (error) => {
      reject(systemCode(error) === 'EADDRINUSE' ? portInUse(port) : error);
    });
    server.once('listening', () => {
      const address = server.address() as AddressInfo;
      resolve({
        port: address.port,
        url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
        close: () => closeServer(server),
      });
    });
  });
}

function portInUse(port: number): NodeError {
  return new NodeError(
    'port_in_use',
    `Port ${port} is in use by another program.`,
    'Stop that program, or choose another port with --port (or OPENLEDGER_NODE_PORT).',
  );
}

/** Lets answers in progress finish for a while, then cuts the connections. */
async function closeServer(server: ServerType): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  if ('closeIdleConnections' in server) server.closeIdleConnections();
  const timer = setTimeout(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
  }, 5_000);
  await closed;
  clearTimeout(timer);
}
