// `npm run test:contracts`: forge's tests, on the bytecode that is deployed. Arguments go to `forge test`, such as
// --match-path 'test/unit/staking/**'. Plain `forge test` runs the same tests and takes longer to compile them.
import { buildShipped, forge, restore } from './shipped.mjs';

let passed = false;
if (buildShipped()) {
  try {
    passed = forge('tests', ['test', ...process.argv.slice(2)]);
  } finally {
    restore();
  }
}
process.exitCode = passed ? 0 : 1;
