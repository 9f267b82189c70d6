/**
 * The build that tests run on (`[profile.tests]` in foundry.toml). Tests are compiled without the optimiser, which would
 * take most of the time, and deploy the contracts of src from artifacts, whose code can be replaced: by what is
 * deployed, or by mutants.
 */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type ContractName, ROOT } from './mutation/compiler.ts';

const BUILT = join(ROOT, 'out-tests');
const SHIPPED = join(ROOT, 'out');
const JOURNAL = join(ROOT, '.openledger', 'replaced.json');

type Artifact = {
  bytecode: { object: string };
  metadata?: { settings: { compilationTarget: Record<string, string> } };
};

/** The creation code that the tests deploy (hex, without 0x). */
export function builtCode(contract: ContractName): string {
  return codeOf(readArtifact(artifactPath(contract)));
}

/** The creation code of all contracts of src as `forge build` makes it (hex, without 0x). */
export function shippedCode(): Map<ContractName, string> {
  const code = new Map<ContractName, string>();
  for (const path of globSync('*.sol/*.json', { cwd: SHIPPED }).sort()) {
    const artifact = readArtifact(join(SHIPPED, path));
    const [target] = Object.entries(artifact.metadata?.settings.compilationTarget ?? {});
    if (target === undefined || !target[0].startsWith('src/') || codeOf(artifact) === '') continue;
    code.set(`${target[0]}:${target[1]}`, codeOf(artifact));
  }
  return code;
}

/** Puts code in the place of what was built, until `restore`. */
export function replaceCode(code: Map<ContractName, string>): void {
  const paths = new Map([...code].map(([contract, object]) => [artifactPath(contract), object]));
  const originals = Object.fromEntries([...paths.keys()].map((path) => [path, readFileSync(path, 'utf8')]));
  mkdirSync(dirname(JOURNAL), { recursive: true });
  writeFileSync(JOURNAL, JSON.stringify(originals));
  for (const [path, object] of paths) {
    const artifact: Artifact = JSON.parse(originals[path]);
    artifact.bytecode.object = `0x${object}`;
    writeFileSync(path, JSON.stringify(artifact));
  }
}

/** Undoes `replaceCode`, also that of a run that was interrupted. */
export function restore(): void {
  if (!existsSync(JOURNAL)) return;
  const originals: Record<string, string> = JSON.parse(readFileSync(JOURNAL, 'utf8'));
  for (const [path, text] of Object.entries(originals)) writeFileSync(path, text);
  rmSync(JOURNAL);
}

function artifactPath(contract: ContractName): string {
  const [path, name] = contract.split(':');
  return join(BUILT, basename(path), `${name}.json`);
}

function readArtifact(path: string): Artifact {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function codeOf({ bytecode }: Artifact): string {
  return bytecode.object.replace(/^0x/, '');
}
