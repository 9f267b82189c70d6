/**
 * Mutation tests of the contracts that hold money: each mutant is one small mistake in a source file, and some test must
 * notice it.
 *
 *     npm run test:mutants                        all that were not yet run against these sources
 *     npm run test:mutants -- --sample 15         a seeded sample
 *     npm run test:mutants -- --file 'src/staking/**'
 *
 * A mutant's contracts are compiled in this process without optimiser and put in the place of the artifacts that the
 * tests deploy from (`[profile.tests]` in foundry.toml), so that forge compiles once for all of them. While forge runs
 * the tests of one mutant, the next one is compiled. A mutant that does not compile, or compiles to the same code, is
 * discarded. One that no test notices fails the run unless equivalent.json proves that nobody could notice.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, matchesGlob } from 'node:path';
import { parseArgs } from 'node:util';
import { builtCode, replaceCode, restore } from '../artifacts.ts';
import { type ContractName, creationCode, ROOT, syntaxTrees, usersByFile } from './compiler.ts';
import { forgeTest } from './forge.ts';
import { declarationsOf, type Mutant, mutantsOf } from './generate.ts';
import { ALL_TESTS, closestTests, mutatedFiles, testsOfLibrary } from './plan.ts';

const RESULTS = join(ROOT, '.openledger', 'mutants.json');
const SEED = 20_260;

type Verdict = 'killed' | 'survived' | 'discarded';
type Result = { sources: string; verdict: Verdict; by?: string; seconds: number };
type Equivalent = { id: string; file: string; line: number; mutation: string; proof: string };

const { values } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: String(SEED) },
    file: { type: 'string' },
    id: { type: 'string', multiple: true },
    list: { type: 'boolean' },
    json: { type: 'boolean' },
    again: { type: 'boolean' },
    minutes: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(`Usage: npm run test:mutants -- [options]
  --sample N      only N mutants, drawn by --seed (${SEED})
  --file GLOB     only mutants of files that match, such as 'src/staking/**'
  --id ID         only this mutant; may be given several times
  --again         run also what was killed already, as .openledger/mutants.json says, with these sources
  --minutes M     start no mutant after M minutes
  --list          list the mutants and run none
  --json          print the results as JSON`);
  process.exit(0);
}

const say = (line: string) => console.error(line);
const sourceOf = new Map(mutatedFiles().map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
const trees = syntaxTrees([...sourceOf.keys()]);
const users = usersByFile(trees);
const declarations = declarationsOf(trees);
const all = [...sourceOf].flatMap(([file, source]) =>
  mutantsOf(file, source, trees.get(file)!, declarations),
);
const equivalent: Equivalent[] = JSON.parse(
  readFileSync(new URL('./equivalent.json', import.meta.url), 'utf8'),
);

const known = new Set(all.map((mutant) => mutant.id));
const stale = equivalent.filter(({ id }) => !known.has(id));
for (const { id, file, line } of stale)
  say(`equivalent.json: ${id} (${file}:${line}) is no mutant any more.`);

/** Creation code without a mutant. */
const unmutated = new Map<ContractName, string>();
const chosen = choose();
if (values.list) {
  if (values.json) console.log(JSON.stringify(chosen, null, 2));
  else for (const mutant of chosen) console.log(describe(mutant));
  say(`${chosen.length} of ${all.length} mutants`);
  process.exit(stale.length > 0 ? 1 : 0);
}
await run(chosen);

/** By --file and --id, then a sample. Every mutant's place in the order is drawn from its id and the seed. */
function choose(): Mutant[] {
  const asked = all.filter(
    ({ id, file }) =>
      (!values.file || matchesGlob(file, values.file)) && (!values.id || values.id.includes(id)),
  );
  if (!values.sample) return asked;
  const rank = ({ id }: Mutant) => createHash('sha256').update(`${values.seed}:${id}`).digest('hex');
  return asked.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, Number(values.sample));
}

function describe({ id, file, line, kind, original, replacement }: Mutant): string {
  return `${id} ${file}:${line} ${kind}: ${original} -> ${replacement || '(nothing)'}`;
}

async function run(mutants: Mutant[]): Promise<void> {
  const started = Date.now();
  const sources = createHash('sha256')
    .update([...sourceOf.values()].join('\0'))
    .digest('hex')
    .slice(0, 16);
  const results: Record<string, Result> = existsSync(RESULTS)
    ? JSON.parse(readFileSync(RESULTS, 'utf8'))
    : {};
  const proved = new Set(equivalent.map(({ id }) => id));
  const todo = mutants.filter(
    ({ id }) => !proved.has(id) && (values.again || results[id]?.sources !== sources),
  );
  if (todo.length > 0) await prepare(todo);
  const enough = values.minutes ? started + Number(values.minutes) * 60_000 : Number.POSITIVE_INFINITY;
  let next = todo.length > 0 ? compiled(todo[0]) : null;
  for (const [i, mutant] of todo.entries()) {
    if (Date.now() > enough) break;
    const begun = Date.now();
    const code = next;
    const verdict = code
      ? tested(mutant, code)
      : Promise.resolve({ verdict: 'discarded' as const, by: undefined });
    // The tests have started: time to compile the next one.
    await new Promise((done) => setTimeout(done, 50));
    next = i + 1 < todo.length ? compiled(todo[i + 1]) : null;
    const result = { sources, ...(await verdict), seconds: Math.round((Date.now() - begun) / 100) / 10 };
    results[mutant.id] = result;
    mkdirSync(dirname(RESULTS), { recursive: true });
    writeFileSync(RESULTS, JSON.stringify(results, null, 1));
    const by = result.by ? ` by ${result.by}` : '';
    say(`[${i + 1}/${todo.length}] ${result.verdict}${by} in ${result.seconds} s: ${describe(mutant)}`);
  }
  report(mutants, results, sources, proved, Date.now() - started);
}

/** Builds the tests and finds that they pass, and that this process compiles what forge compiles. */
async function prepare(todo: Mutant[]): Promise<void> {
  restore();
  say(`Building the tests, then ${todo.length} mutants.`);
  const { failed, passed } = await forgeTest(ALL_TESTS, { all: true });
  if (failed.length > 0) throw new Error(`Tests fail without any mutant: ${failed.join(', ')}`);
  const contracts = [...new Set(todo.flatMap(({ file }) => users.get(file) ?? []))];
  const tests = [...new Set(todo.flatMap(({ file }) => testsOfLibrary(file)))];
  for (const [contract, code] of creationCode([...contracts, ...tests])!) {
    // Tests are linked differently here and by forge.
    if (contracts.includes(contract) && code !== builtCode(contract)) {
      throw new Error(`${contract} differs from forge's artifact.`);
    }
    unmutated.set(contract, code);
  }
  say(`${passed} tests pass without a mutant.`);
}

/** The creation code of all contracts that the mutant changes, or null when it changes none or does not compile. */
function compiled(mutant: Mutant): Map<ContractName, string> | null {
  const source = sourceOf.get(mutant.file)!;
  const contracts = [...(users.get(mutant.file) ?? []), ...testsOfLibrary(mutant.file)];
  const code = creationCode(contracts, { [mutant.file]: mutant.apply(source) });
  if (!code) return null;
  const changed = new Map([...code].filter(([contract, object]) => object !== unmutated.get(contract)));
  return changed.size > 0 ? changed : null;
}

async function tested(
  { file }: Mutant,
  code: Map<ContractName, string>,
): Promise<{ verdict: Verdict; by?: string }> {
  replaceCode(code);
  try {
    for (const tests of new Set([closestTests(file), ALL_TESTS])) {
      const { failed } = await forgeTest(tests);
      if (failed.length > 0) return { verdict: 'killed', by: failed[0] };
    }
    return { verdict: 'survived' };
  } finally {
    restore();
  }
}

function report(
  mutants: Mutant[],
  results: Record<string, Result>,
  sources: string,
  proved: Set<string>,
  milliseconds: number,
): void {
  const rows = mutants.map((mutant) => {
    const result = results[mutant.id];
    const fresh = result?.sources === sources ? result : undefined;
    const verdict = proved.has(mutant.id) ? 'equivalent' : (fresh?.verdict ?? 'not run');
    return { ...mutant, verdict, by: fresh?.by };
  });
  const count = (verdict: string) => rows.filter((row) => row.verdict === verdict).length;
  if (values.json) console.log(JSON.stringify(rows, null, 2));
  const survivors = rows.filter(({ verdict }) => verdict === 'survived');
  for (const survivor of survivors) say(`SURVIVED ${describe(survivor)}`);
  say(
    `${all.length} mutants, ${mutants.length} chosen: ${count('killed')} killed, ${survivors.length} survived, ` +
      `${count('equivalent')} equivalent, ${count('discarded')} discarded, ${count('not run')} not run, ` +
      `in ${Math.round(milliseconds / 1000)} s`,
  );
  if (survivors.length > 0)
    say('Write a test that notices each survivor, or prove it in test/mutation/equivalent.json.');
  process.exitCode = survivors.length + stale.length > 0 ? 1 : 0;
}
