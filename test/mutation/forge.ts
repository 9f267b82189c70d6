/** forge's side: the build whose artifacts mutants replace, and the tests that they must fail. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { type ContractName, ROOT } from './compiler.ts';

const OUT = join(ROOT, 'out-mutants');
const STATE = join(ROOT, '.openledger', 'mutants');
const JOURNAL = join(STATE, 'replaced.json');
const TIMEOUT = 240_000;

export type TestRun = { failed: string[]; passed: number; timedOut: boolean };

/** Runs the tests of files that match; throws when forge did not get to running them. */
export async function forgeTest(pattern: string, options: { all?: boolean } = {}): Promise<TestRun> {
  const args = ['test', '--json', '--match-path', pattern];
  if (!options.all) args.push('--fail-fast');
  const child = spawn('forge', args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
      FOUNDRY_PROFILE: 'mutants',
      // Linking tests to artifacts makes forge ask the compiler the same question every time.
      SOLC_JS_CACHE: join(STATE, 'solc'),
      NO_COLOR: '1',
    },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      child.kill('SIGKILL');
    },
    options.all ? 20 * TIMEOUT : TIMEOUT,
  );
  await new Promise((done) => child.on('close', done));
  clearTimeout(timer);
  if (timedOut) return { failed: ['(too slow)'], passed: 0, timedOut };
  const report = output.split('\n').findLast((line) => line.startsWith('{'));
  if (report === undefined) throw new Error(`forge ran no test of ${pattern}:\n${errors.slice(-2000)}`);
  const suites: Record<string, { test_results: Record<string, { status: string }> }> = JSON.parse(report);
  const failed: string[] = [];
  let passed = 0;
  for (const [suite, { test_results }] of Object.entries(suites)) {
    for (const [test, { status }] of Object.entries(test_results)) {
      if (status === 'Failure') failed.push(`${suite.split(':').at(-1)}.${test.split('(')[0]}`);
      else passed++;
    }
  }
  if (failed.length + passed === 0) throw new Error(`No test matches ${pattern}.`);
  return { failed, passed, timedOut };
}

type Artifact = { bytecode: { object: string } };

function artifactPath(contract: ContractName): string {
  const [path, name] = contract.split(':');
  return join(OUT, basename(path), `${name}.json`);
}

/** The creation code in the artifact (hex, without 0x). */
export function builtCode(contract: ContractName): string {
  const artifact: Artifact = JSON.parse(readFileSync(artifactPath(contract), 'utf8'));
  return artifact.bytecode.object.replace(/^0x/, '');
}

/** Puts code in the place of what was built, until `restore`. */
export function replaceCode(code: Map<ContractName, string>): void {
  const originals: Record<string, string> = {};
  for (const contract of code.keys())
    originals[artifactPath(contract)] = readFileSync(artifactPath(contract), 'utf8');
  mkdirSync(dirname(JOURNAL), { recursive: true });
  writeFileSync(JOURNAL, JSON.stringify(originals));
  for (const [contract, object] of code) {
    const artifact: Artifact = JSON.parse(originals[artifactPath(contract)]);
    artifact.bytecode.object = `0x${object}`;
    writeFileSync(artifactPath(contract), JSON.stringify(artifact));
  }
}

/** Undoes `replaceCode`, also that of a run that was interrupted. */
export function restore(): void {
  if (!existsSync(JOURNAL)) return;
  const originals: Record<string, string> = JSON.parse(readFileSync(JOURNAL, 'utf8'));
  for (const [path, text] of Object.entries(originals)) writeFileSync(path, text);
  rmSync(JOURNAL);
}
