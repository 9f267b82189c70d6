import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Runs a script of `ts/bench/python`, which prints one JSON object as its last line. Undefined, with a word on why, where
 * Python or its packages are missing: anchors are optional.
 */
export async function pythonJson(
  script: string,
  args: readonly string[],
): Promise<Record<string, unknown> | undefined> {
  const python = process.env.OPENLEDGER_PYTHON ?? 'python3';
  const path = fileURLToPath(new URL(`../python/${script}`, import.meta.url));
  try {
    const { stdout } = await execute(python, [path, ...args], { maxBuffer: 2 ** 26 });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    console.log(`${script}: not run (${why}). Set OPENLEDGER_PYTHON to a Python with torch and peft.`);
    return undefined;
  }
}
