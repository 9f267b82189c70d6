import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeError, systemCode } from './errors.ts';

/**
 * Makes sure that one process at most writes to a home folder. The lock is a listening local socket, not a
 * file with a process id: the system takes it down with the process, also after kill -9.
 */
export async function lockHome(home: string): Promise<{ release: () => Promise<void> }> {
  // The name is a hash because socket paths may have about 100 bytes only.
  const name = `openledger-${createHash('sha256').update(home).digest('hex').slice(0, 24)}`;
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
  let server = await tryListen(path);
  if (server === undefined && !(await answers(path))) {
    await rm(path, { force: true });
    server = await tryListen(path);
  }
  if (server === undefined) {
    throw new NodeError(
      'home_locked',
      `Another process is using the folder ${home}.`,
      'Stop the other daemon, or give this one its own folder with --home.',
    );
  }
  const held = server;
  held.unref();
  return { release: () => new Promise((resolve) => held.close(() => resolve())) };
}

function tryListen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end());
    server.once('error', (error) =>
      systemCode(error) === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(path, () => resolve(server));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
