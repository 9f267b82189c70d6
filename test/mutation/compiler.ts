/** solc in this process: syntax trees of the sources, and the bytecode of single contracts. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');

type Solc = {
  compile(
    input: string,
    callbacks: { import(path: string): { contents: string } | { error: string } },
  ): string;
};

export type Node = {
  id: number;
  src: string;
  nodeType: string;
  [key: string]: unknown;
};

type Output = {
  errors?: { severity: string; formattedMessage: string }[];
  sources?: Record<string, { ast: Node }>;
  contracts?: Record<
    string,
    Record<string, { evm: { bytecode: { object: string; linkReferences: Record<string, unknown> } } }>
  >;
};

/** A contract as `file:name`. */
export type ContractName = `${string}:${string}`;

const REMAPPINGS = [
  ['@openzeppelin/contracts/', 'node_modules/@openzeppelin/contracts/'],
  ['@openzeppelin/contracts-upgradeable/', 'node_modules/@openzeppelin/contracts-upgradeable/'],
  ['forge-std/', 'node_modules/@layerzerolabs/toolbox-foundry/lib/forge-std/'],
];

const solc: Solc = createRequire(import.meta.url)('solc');
// Emscripten installs handlers that swallow stack traces.
process.removeAllListeners('uncaughtException');
process.removeAllListeners('unhandledRejection');

function compile(sources: Record<string, string>, outputSelection: Record<string, unknown>): Output {
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(Object.entries(sources).map(([path, content]) => [path, { content }])),
    settings: {
      remappings: REMAPPINGS.map((pair) => pair.join('=')),
      evmVersion: 'cancun',
      optimizer: { enabled: false, runs: 200 },
      metadata: { bytecodeHash: 'none' },
      outputSelection,
    },
  };
  const findImport = (path: string) => {
    const file = join(ROOT, path);
    return existsSync(file) ? { contents: readFileSync(file, 'utf8') } : { error: `${path} was not found` };
  };
  return JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
}

/** The syntax trees of these files and of everything they import, by path. */
export function syntaxTrees(files: string[]): Map<string, Node> {
  const sources = Object.fromEntries(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
  const output = compile(sources, { '*': { '': ['ast'] } });
  const error = output.errors?.find((e) => e.severity === 'error');
  if (error) throw new Error(error.formattedMessage);
  return new Map(Object.entries(output.sources!).map(([path, { ast }]) => [path, ast]));
}

/** Creation code (hex, without 0x) of contracts with one file replaced; null where that does not compile. */
export function creationCode(
  contracts: ContractName[],
  replaced: Record<string, string> = {},
): Map<ContractName, string> | null {
  const sources: Record<string, string> = { ...replaced };
  const selection: Record<string, Record<string, string[]>> = {};
  for (const contract of contracts) {
    const [path, name] = contract.split(':');
    sources[path] ??= readFileSync(join(ROOT, path), 'utf8');
    selection[path] ??= {};
    selection[path][name] = ['evm.bytecode.object', 'evm.bytecode.linkReferences'];
  }
  const output = compile(sources, selection);
  if (output.errors?.some((e) => e.severity === 'error')) return null;
  const code = new Map<ContractName, string>();
  for (const contract of contracts) {
    const [path, name] = contract.split(':');
    const { object, linkReferences } = output.contracts![path][name].evm.bytecode;
    if (Object.keys(linkReferences).length > 0) throw new Error(`${contract} must be linked.`);
    code.set(contract, object);
  }
  return code;
}

/** All nodes below a node and itself, parents first. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield* walk(item);
    } else if (isNode(value)) yield* walk(value);
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'nodeType' in value;
}

/**
 * For each file, the deployable contracts of src whose code contains code of the file: by inheritance, or by a call of a
 * library's internal function, at any remove.
 */
export function usersByFile(trees: Map<string, Node>): Map<string, ContractName[]> {
  const home = new Map<number, { file: string; contract: Node }>();
  const contracts = new Map<number, { file: string; contract: Node }>();
  for (const [file, tree] of trees) {
    for (const contract of tree.nodes as Node[]) {
      if (contract.nodeType !== 'ContractDefinition') continue;
      contracts.set(contract.id, { file, contract });
      for (const member of contract.nodes as Node[]) home.set(member.id, { file, contract });
    }
  }
  const users = new Map<string, ContractName[]>();
  for (const { file, contract } of contracts.values()) {
    const deployable = contract.contractKind === 'contract' && contract.abstract !== true;
    if (!deployable || !file.startsWith('src/')) continue;
    const seen = new Set<number>(contract.linearizedBaseContracts as number[]);
    for (const id of seen) {
      const part = contracts.get(id);
      if (!part) continue;
      for (const node of walk(part.contract)) {
        const referenced = home.get(node.referencedDeclaration as number)?.contract;
        if (referenced?.contractKind === 'library') seen.add(referenced.id);
      }
    }
    for (const path of new Set([...seen].map((id) => contracts.get(id)?.file))) {
      if (path === undefined) continue;
      users.set(path, [...(users.get(path) ?? []), `${file}:${contract.name as string}`]);
    }
  }
  return users;
}
