// `npm run test:contracts`: forge's tests, on the bytecode that is deployed. Arguments go to `forge test`, such as
// --match-path 'test/unit/staking/**'. Plain `forge test` runs the same tests and takes longer to compile them.
import { spawnSync } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replaceCode, restore, shippedCode } from '../test/artifacts.ts';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;

restore();
if (
  forge('default', ['build', '--skip', 'test', '--skip', 'script', '--quiet']) &&
  forge('tests', ['build', '--quiet'])
) {
  replaceCode(shippedCode());
  try {
    forge('tests', ['test', ...process.argv.slice(2)]);
  } finally {
    restore();
  }
}

/** Whether it succeeded; the process ends with its status. */
function forge(profile, args) {
  const env = { ...process.env, PATH: path, FOUNDRY_PROFILE: profile };
  const { status, error } = spawnSync('forge', args, {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error) console.error(`forge could not be started: ${error.message}. Run \`npm ci\` first.`);
  process.exitCode = status ?? 1;
  return status === 0;
}
