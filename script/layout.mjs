// Compares the storage of every upgradeable contract with the lock in test/layout, and runs OpenZeppelin's checks of
// upgradeable code. Only the compiler's analysis runs, no code is generated: a few seconds.
// Usage: node script/layout.mjs [--update]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { keccak256, stringToBytes } from 'viem';
import { analyse, compile, definitions, isConcrete } from './analysis.mjs';
import { compareLayouts } from './layout-compare.ts';

const require = createRequire(import.meta.url);
const root = path.resolve(import.meta.dirname, '..');
const lock = path.join(root, 'test/layout');
const update = process.argv.includes('--update');

const upgrades = require('@openzeppelin/upgrades-core');
const { input, output } = analyse(['storageLayout']);
// The same with a variable for each namespace: only variables have a layout.
const namespaced = compile(upgrades.makeNamespacedInput(input, output));
const solcVersion = require('solc/package.json').version;
const decode = upgrades.solcInputOutputDecoder(input, output);
const validation = upgrades.validate(output, decode, solcVersion, input, namespaced);

const failures = [];
const layouts = {};
for (const { name, source, isProxied } of upgradeable()) {
  const version = upgrades.getContractVersion(validation, `${source}:${name}`);
  if (layouts[name] !== undefined) failures.push(`${name}: two contracts have this name`);
  layouts[name] = layoutOf(upgrades.getStorageLayout(validation, version));
  for (const slot of layouts[name].storage)
    failures.push(`${name}: ${slot.name} is outside the contract's namespace`);
  if (!isProxied) continue;
  // Immutables are the addresses of other proxies: every upgrade gives the same again.
  const options = { kind: 'uups', unsafeAllow: ['state-variable-immutable'] };
  for (const error of upgrades.getErrors(validation, version, upgrades.withValidationDefaults(options)))
    failures.push(`${name}: ${error.kind} ${error.name ?? ''} at ${error.src}`);
}
failures.push(...wrongPlaces());

let changed = 0;
const lockedNames = existsSync(lock)
  ? readdirSync(lock)
      .filter((f) => f.endsWith('.json'))
      .map((f) => f.slice(0, -5))
  : [];
for (const name of lockedNames)
  if (layouts[name] === undefined) {
    changed += 1;
    if (update) rmSync(path.join(lock, `${name}.json`));
    else failures.push(`${name}: locked, and no longer a contract`);
  }
for (const [name, layout] of Object.entries(layouts)) {
  const file = path.join(lock, `${name}.json`);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (text !== undefined && JSON.stringify(JSON.parse(text)) === JSON.stringify(layout)) continue;
  changed += 1;
  const { breaking, added } =
    text === undefined ? { breaking: [], added: ['has no lock'] } : compareLayouts(JSON.parse(text), layout);
  for (const line of breaking) (update ? console.warn : (l) => failures.push(l))(`${name}: ${line}`);
  if (update) {
    mkdirSync(lock, { recursive: true });
    writeFileSync(file, JSON.stringify(layout));
  } else if (breaking.length === 0)
    failures.push(`${name}: ${added.join('; ') || 'types changed'}. Run \`npm run layout:update\`.`);
}
if (update && changed > 0) {
  const biome = path.join(root, 'node_modules/.bin/biome');
  spawnSync(biome, ['format', '--write', 'test/layout'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
for (const line of failures) console.error(line);
console.log(
  `${Object.keys(layouts).length} layouts, ${update ? `${changed} written` : `${failures.length} problems`}`,
);
process.exitCode = failures.length === 0 ? 0 : 1;

/** The project's own contracts with state in a namespace: implementations of proxies, and the code they delegate to. */
function upgradeable() {
  const all = Object.keys(output.sources).flatMap((source) => definitions(output, source));
  const byId = new Map(all.map((c) => [c.id, c]));
  const list = [];
  for (const source of Object.keys(output.sources).filter((s) => s.startsWith('src/')))
    for (const contract of definitions(output, source)) {
      if (!isConcrete(contract)) continue;
      const bases = contract.linearizedBaseContracts.map((id) => byId.get(id));
      const isProxied = bases.some((b) => b?.name === 'UUPSUpgradeable');
      const hasNamespace = bases.some((b) => namespacesOf(b).length > 0);
      if (isProxied || hasNamespace) list.push({ name: contract.name, source, isProxied });
    }
  return list.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function namespacesOf(contract) {
  return contract.nodes
    .filter((n) => n.nodeType === 'StructDefinition')
    .map((n) => n.documentation?.text?.match(/storage-location erc7201:(\S+)/)?.[1])
    .filter((id) => id !== undefined);
}

/** Namespaces of the project whose slot, a number in the source, is not the one that ERC-7201 gives to their name. */
function wrongPlaces() {
  const wrong = [];
  for (const source of Object.keys(output.sources).filter((s) => s.startsWith('src/')))
    for (const id of definitions(output, source).flatMap(namespacesOf)) {
      const inner = BigInt(keccak256(stringToBytes(id))) - 1n;
      const digest = keccak256(`0x${inner.toString(16).padStart(64, '0')}`);
      const slot = `${digest.slice(0, -2)}00`;
      if (!input.sources[source].content.includes(slot))
        wrong.push(`${source}: the namespace ${id} belongs at ${slot}`);
    }
  return wrong;
}

/** OpenZeppelin's layout without what changes from one compilation to the next. */
function layoutOf(raw) {
  const types = {};
  const label = (id) => raw.types[id].label;
  const members = (items) =>
    items.map((m) => {
      reach(m.type);
      return { name: m.label, type: label(m.type), slot: m.slot, offset: m.offset };
    });
  const reach = (id) => {
    for (const [part] of id.matchAll(/t_(?:struct|enum)\(\w+\)\d+(?:_storage)?/g)) visit(part);
  };
  const visit = (id) => {
    const type = raw.types[id];
    if (type?.members === undefined || types[type.label] !== undefined) return;
    const entry = { bytes: type.numberOfBytes, members: [] };
    types[type.label] = entry;
    entry.members = typeof type.members[0] === 'string' ? type.members : members(type.members);
  };
  const storage = members(raw.storage);
  const namespaces = {};
  for (const [id, items] of Object.entries(raw.namespaces ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
    namespaces[id] = members(items);
  const sorted = Object.fromEntries(Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { storage, namespaces, types: sorted };
}
