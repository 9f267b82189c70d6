// What the compiler knows about the sources before it generates code: a few seconds instead of a build.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { keccak256, stringToBytes } from 'viem';

const require = createRequire(import.meta.url);
const root = path.resolve(import.meta.dirname, '..');

/**
 * Standard-JSON input of all of src with what it imports, and the output: syntax trees, and what `selection` names of
 * each contract, as far as it needs no code.
 */
export function analyse(selection) {
  const sources = {};
  const read = (file) => {
    if (!existsSync(path.join(root, file))) return { error: `${file} not found` };
    sources[file] ??= { content: readFileSync(path.join(root, file), 'utf8') };
    return { contents: sources[file].content };
  };
  for (const file of readdirSync(path.join(root, 'src'), { recursive: true }))
    if (file.endsWith('.sol')) read(path.posix.join('src', file.split(path.sep).join('/')));
  const settings = {
    evmVersion: 'cancun',
    remappings: ['contracts', 'contracts-upgradeable'].map(
      (name) => `@openzeppelin/${name}/=node_modules/@openzeppelin/${name}/`,
    ),
    outputSelection: { '*': { '': ['ast'], '*': selection } },
  };
  const input = { language: 'Solidity', sources, settings };
  const output = compile(input, read);
  for (const source of Object.keys(output.contracts ?? {}))
    for (const [name, contract] of Object.entries(output.contracts[source])) {
      // Tools identify contracts by their code; a digest of the name stands for what was not generated.
      const concrete = definitions(output, source).some((c) => c.name === name && isConcrete(c));
      const object = concrete ? keccak256(stringToBytes(`${source}:${name}`)).slice(2) : '';
      const code = { object, sourceMap: '', linkReferences: {} };
      contract.evm = { ...contract.evm, bytecode: code, deployedBytecode: code };
    }
  return { input, output };
}

/** Runs the compiler, and throws when a source has an error. */
export function compile(input, read) {
  const solc = require('solc');
  // Emscripten installs handlers that swallow stack traces.
  process.removeAllListeners('uncaughtException');
  process.removeAllListeners('unhandledRejection');
  const result = JSON.parse(solc.compile(JSON.stringify(input), read && { import: read }));
  const errors = (result.errors ?? []).filter((e) => e.severity === 'error');
  if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  return result;
}

/** The contracts, interfaces and libraries of one source, as syntax trees. */
export function definitions(output, source) {
  return output.sources[source].ast.nodes.filter((n) => n.nodeType === 'ContractDefinition');
}

export function isConcrete(definition) {
  return !definition.abstract && definition.contractKind === 'contract';
}
