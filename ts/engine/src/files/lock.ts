import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Makes sure that one process at most works in a folder; undefined when another does. The lock is a listening local
 * socket, not a file with a process id: the system takes it down with the process, also after kill -9.
 */
export async function lockFolder(folder: string): Promise<{ release: () => Promise<void> } | undefined> {
  const path = socketOf(folder);
  let server = await tryListen(path);
  if (server === undefined && !(await answers(path))) {
    await rm(path, { force: true });
    server = await tryListen(path);
  }
  if (server === undefined) return undefined;
  const held = server;
  held.unref();
  return { release: () => new Promise((done) => held.close(() => done())) };
}

/** Whether a process works in a folder. */
export function isLocked(folder: string): Promise<boolean> {
  return answers(socketOf(folder));
}

/** The name is a hash because socket paths may have about 100 bytes only. */
function socketOf(folder: string): string {
  const name = `openledger-${createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 24)}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function tryListen(path: string): Promise<Server | undefined> {
  return new Promise((done, reject) => {
    const server = createServer((socket) => socket.end());
    server.once('error', (error) =>
      'code' in error && error.code === 'EADDRINUSE' ? done(undefined) : reject(error),
    );
    server.listen(path, () => done(server));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
