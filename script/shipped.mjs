// The tests' build with the bytecode of src that is deployed, for the scripts that run it.
import { spawnSync } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replaceCode, restore, shippedCode } from '../test/artifacts.ts';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;

export { restore };

/** Builds contracts and tests, and has the tests deploy what is shipped until `restore`. Whether all compiled. */
export function buildShipped() {
  restore();
  const built =
    forge('default', ['build', '--skip', 'test', '--skip', 'script', '--quiet']) &&
    forge('tests', ['build', '--quiet']);
  if (built) replaceCode(shippedCode());
  return built;
}

/** Runs forge under a profile; whether it succeeded. */
export function forge(profile, args) {
  const env = { ...process.env, PATH: path, FOUNDRY_PROFILE: profile };
  const { status, error } = spawnSync('forge', args, {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) console.error(`forge could not be started: ${error.message}. Run \`npm ci\` first.`);
  return status === 0;
}
