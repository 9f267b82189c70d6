import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../error.ts';
import { root } from './config.ts';
import { isAlive, readLivePid, writePid } from './process.ts';

/** A background program of the devnet: how to start it and how to know that it serves. */
export type Service = {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
  /** The port it listens on, if any: checked to be free before the start. */
  port?: number;
  /** The variable that moves the port, named in the error. */
  portVariable?: string;
  /** Whether a child that outlived its parent still has the port, to be taken over. */
  adopts?: () => boolean;
  /** Resolves true once the program serves. Throws if what serves there is something else. */
  ready: () => Promise<boolean>;
  timeoutMs: number;
};

const pidPath = (home: string, name: string) => join(home, 'run', `${name}.json`);

/** Where a service's output goes. */
export const logPath = (home: string, name: string) => join(home, 'logs', `${name}.log`);

/** Starts the service unless it serves already. Resolves when it is ready. */
export async function ensureService(home: string, service: Service): Promise<'running' | 'started'> {
  if (runningPid(home, service.name) !== undefined) {
    if (await service.ready()) return 'running';
    await stopService(home, service.name);
  }
  if (service.port !== undefined && service.adopts?.() !== true && (await portAnswers(service.port))) {
    // Says more than "in use", if it can.
    await service.ready();
    throw new CliError(
      `Port ${service.port} (${service.name}) is in use by another program. Stop that program, or choose another port with ${service.portVariable}.`,
    );
  }
  mkdirSync(join(home, 'run'), { recursive: true });
  mkdirSync(join(home, 'logs'), { recursive: true });
  const log = openSync(logPath(home, service.name), 'a');
  const child = spawn(service.command, service.args, {
    cwd: service.cwd ?? root,
    env: { ...process.env, ...service.env },
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const failed = new Promise<string>((done) => {
    child.once('error', (e) => done(e.message));
    child.once('exit', (code, signal) => done(`it ended with ${signal ?? `code ${code}`}`));
  });
  child.unref();
  if (child.pid !== undefined)
    writePid(pidPath(home, service.name), { pid: child.pid, command: service.command });
  const until = Date.now() + service.timeoutMs;
  let end: string | undefined;
  failed.then((reason) => {
    end = reason;
  });
  while (Date.now() < until && end === undefined) {
    if (await service.ready()) return 'started';
    await sleep(100);
  }
  const tail = existsSync(logPath(home, service.name))
    ? readFileSync(logPath(home, service.name), 'utf8').slice(-1500)
    : '';
  throw new CliError(
    `${service.name} did not start: ${end ?? `no answer within ${service.timeoutMs / 1000} s`}. Its log is ${logPath(home, service.name)}:\n${tail}`,
  );
}

/** Asks a service to end, and ends it after ten seconds. */
export async function stopService(home: string, name: string): Promise<boolean> {
  const pid = runningPid(home, name);
  if (pid === undefined) return false;
  signal(pid, 'SIGTERM');
  for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(100);
  if (isAlive(pid)) signal(pid, 'SIGKILL');
  rmSync(pidPath(home, name), { force: true });
  return true;
}

/** The process id of a service that runs, else undefined. */
export const runningPid = (home: string, name: string) => readLivePid(pidPath(home, name));

/** Services are leaders of their own process groups, so that their children end with them. */
function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function portAnswers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

/** Resolves whether an HTTP GET of the URL answers with success. */
export async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
