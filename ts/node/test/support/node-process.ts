import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { waitUntil } from '../../../../test/e2e/anvil.ts';
import { freePort } from '../../../../test/e2e/ports.ts';
import { checkAnswer } from './check-answers.ts';

const OPERATOR_TOKEN = 'an-operator-token-for-tests';

/** What makes a request one of the operator's. */
export const operator = { method: 'POST', headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } };

/** The node's program in a process of its own. */
export type NodeProcess = {
  url: string;
  child: ChildProcess;
  output(): string;
  /** Sends a request; the JSON of the answer, which is checked against the OpenAPI document, with its status. */
  request<T = unknown>(path: string, init?: RequestInit): Promise<{ status: number; json: T }>;
  settle(): Promise<{ status: number; json: unknown }>;
  /** Sends a signal and waits for the end; the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
};

/** Starts the program; its output is kept for error messages. */
export function spawnNode(args: string[], env: Record<string, string>) {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const main = join(import.meta.dirname, '../../src/main.ts');
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH, NODE_COMPILE_CACHE, OPENLEDGER_OPERATOR_TOKEN: OPERATOR_TOKEN, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const exit = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  return { child, exit, output: () => output };
}

/** Starts a node and waits until it serves. */
export async function startNode(args: string[], env: Record<string, string>): Promise<NodeProcess> {
  const port = await freePort();
  const { child, exit, output } = spawnNode(['--port', String(port), ...args], env);
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([
    waitUntil(async () => {
      if (!(await fetch(`${url}/health`)).ok) throw new Error('not ready');
    }, 60_000),
    exit.then((code) => Promise.reject(new Error(`the node ended with ${code}:\n${output()}`))),
  ]);
  async function request<T>(path: string, init?: RequestInit): Promise<{ status: number; json: T }> {
    const response = await fetch(url + path, init);
    await checkAnswer(init?.method ?? 'GET', new URL(url + path).pathname, response.clone());
    return { status: response.status, json: JSON.parse(await response.text()) };
  }
  return {
    url,
    child,
    output,
    request,
    settle: () => request('/v1/settle', operator),
    end: (signal) => {
      child.kill(signal);
      return exit;
    },
  };
}
