import { spawn } from 'node:child_process';
import { CliError } from '../error.ts';

/** Runs a program to its end. If it fails, the error holds the end of what it printed. Returns its output. */
export function runProgram(
  command: string,
  args: string[],
  options: { cwd: string; env?: Record<string, string>; timeoutMs?: number },
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      log += data;
    });
  return new Promise((done, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) return done(log);
      const how = signal === null ? 'failed' : `did not end within ${(options.timeoutMs ?? 0) / 1000} s`;
      reject(new CliError(`${command.split('/').at(-1)} ${args[0]} ${how}:\n${log.slice(-3000)}`));
    });
  });
}
