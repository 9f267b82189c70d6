// Fails when a contract of src is larger than a chain accepts (EIP-170). Reads what forge wrote to `out`, and to `out-ir`
// when that was built.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const LIMIT = 24_576;
const root = path.resolve(import.meta.dirname, '..');
const sources = readdirSync(path.join(root, 'src'), { recursive: true }).filter((f) => f.endsWith('.sol'));
let failed = false;

for (const folder of ['out', 'out-ir']) {
  if (!existsSync(path.join(root, folder))) continue;
  const sizes = sources.flatMap((source) => sizesOf(folder, path.posix.join('src', source)));
  sizes.sort((a, b) => b.bytes - a.bytes);
  const [largest] = sizes;
  if (largest === undefined) {
    console.error(`${folder} has no contract of src. Run \`npm run build:contracts\`.`);
    failed = true;
    continue;
  }
  for (const { name, bytes } of sizes.filter((s) => s.bytes > LIMIT)) {
    console.error(`${folder}: ${name} has ${bytes} bytes, ${bytes - LIMIT} more than a chain accepts.`);
    failed = true;
  }
  console.log(
    `${folder}: ${sizes.length} contracts, the largest is ${largest.name} with ${largest.bytes} bytes`,
  );
}
process.exitCode = failed ? 1 : 0;

/** Runtime code of the contracts that the source still has; a folder of artifacts may also keep older ones. */
function sizesOf(folder, source) {
  const artifacts = path.join(root, folder, path.basename(source));
  if (!existsSync(artifacts)) return [];
  const text = readFileSync(path.join(root, source), 'utf8');
  return readdirSync(artifacts)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({ name: path.basename(file, '.json'), file: path.join(artifacts, file) }))
    .filter(({ name }) => new RegExp(`^contract ${name}\\b`, 'm').test(text))
    .map(({ name, file }) => {
      const code = JSON.parse(readFileSync(file, 'utf8')).deployedBytecode?.object ?? '0x';
      return { name, bytes: code.length / 2 - 1 };
    });
}
