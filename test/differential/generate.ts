/**
 * Writes the golden vectors, `test/differential/vectors/*.json`, from the naive implementation beside this file:
 *
 *     node test/differential/generate.ts           write them
 *     node test/differential/generate.ts --check   fail when the files differ from what would be written
 *
 * ts/sdk (`vectors.test.ts`) and the contracts (`Vectors.t.sol`) are both checked against the files. A case has its
 * fields by name for readers; `abi` holds the same cases, ABI-encoded, for Solidity.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { allocationVectors } from './cases/allocation.ts';
import { claimVectors } from './cases/claims.ts';
import { fraudVectors } from './cases/fraud.ts';
import { hashVectors } from './cases/hashes.ts';
import { predicateVectors } from './cases/predicates.ts';
import { treeVectors } from './cases/trees.ts';

const folder = new URL('./vectors/', import.meta.url);
const files = {
  trees: treeVectors(),
  hashes: hashVectors(),
  allocate: allocationVectors(),
  claims: claimVectors(),
  fraud: fraudVectors(),
  predicates: await predicateVectors(),
};
const check = process.argv.includes('--check');

mkdirSync(folder, { recursive: true });
for (const [name, vectors] of Object.entries(files)) {
  const file = new URL(`${name}.json`, folder);
  const text = `${render({ version: 1, ...vectors }, 2)}\n`;
  if (!check) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(
      `${name}.json is not what generate.ts writes. A changed format needs a new version; see docs/formats.md.`,
    );
    process.exitCode = 1;
  }
}

/** JSON with one line per entry for the outer `levels`, so that a changed vector is a changed line. */
function render(value: unknown, levels: number): string {
  const isObject = typeof value === 'object' && value !== null;
  if (levels === 0 || !isObject) {
    return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? inner.toString() : inner));
  }
  if (Array.isArray(value)) return `[\n${value.map((one) => render(one, 0)).join(',\n')}\n]`;
  const entries = Object.entries(value).map(
    ([key, one]) => `${JSON.stringify(key)}: ${render(one, levels - 1)}`,
  );
  return `{\n${entries.join(',\n')}\n}`;
}
