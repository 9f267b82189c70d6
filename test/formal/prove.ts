// `npm run test:formal`: proves solvency, monotonic payouts and bond conservation about the ledgers that the contracts
// run on, with the SMTChecker of solc and z3, and shows that the proofs can fail: each mutant below must be refuted.
// z3 is the one on the PATH (OPENLEDGER_Z3 names another), which is faster, or else the one of the npm package z3-solver.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

type Diagnostic = { message: string; severity: string; sourceLocation?: { file: string; start: number } };
type Solver = (query: string) => { contents?: string; error?: string };
type Compiler = { compile: (input: string, callbacks: { smtSolver: Solver }) => string };
type Mutant = { contract: string; file: string; from: string; to: string; what: string };
type Result = { safe: number; unproved: string[] };

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'test/formal');
const NODE = 'src/libraries/NodeLedger.sol';
const STAKE = 'src/libraries/StakeLedger.sol';
const CHANNEL = 'src/libraries/ChannelLedger.sol';
const REWARD = 'src/libraries/RewardLedger.sol';
/** Of one strategy on one query; solc itself waits as long as it takes. */
const SECONDS = 10;
/** Ways to the same answer: what one gives up, another finds. */
const STRATEGIES = [[], ['tactic.default_tactic=smt']];

const MUTANTS: Mutant[] = [
  {
    contract: 'PayoutProof',
    file: NODE,
    from: 'if (total > funded) revert NodeLedger_Overpaid(total, funded);',
    to: '',
    what: 'solvency: a payout is not compared with what became final',
  },
  {
    contract: 'NodeLedgerProof',
    file: NODE,
    from: 'unattributedLeft = unattributed - owners - node;\n        fundedNow',
    to: 'unattributedLeft = unattributed - owners;\n        fundedNow',
    what: "solvency: the node's share stays unattributed when it is earned",
  },
  {
    contract: 'PayoutProof',
    file: NODE,
    from: 'if (cumulative <= paidToAsset) return (0, paid, paidToAsset);',
    to: 'if (cumulative <= paidToAsset) return (0, paid, cumulative);',
    what: 'monotonic payouts: a lower cumulative amount lowers what was paid',
  },
  {
    contract: 'StakeLedgerProof',
    file: STAKE,
    from: 'burned = bond - reward;',
    to: 'burned = bond - reward / 2;',
    what: 'bond conservation: the burned part ignores half the reward',
  },
  {
    contract: 'StakeLedgerProof',
    file: STAKE,
    from: 'uint96 room = stakeLeft - bonded;',
    to: 'uint96 room = stakeLeft;',
    what: 'bond conservation: a verdict leaves unbonding stake that is bonded too',
  },
  {
    contract: 'ChannelLedgerProof',
    file: CHANNEL,
    from: 'if (cumulative > deposit) {',
    to: 'if (cumulative > deposit + UNIT) {',
    what: 'channels: a voucher takes a gwei more than the deposit',
  },
  {
    contract: 'ChannelLedgerProof',
    file: CHANNEL,
    from: 'uint96 most = left(deposit, settled);',
    to: 'uint96 most = deposit;',
    what: 'channels: a consumer takes back what it has spent',
  },
  {
    contract: 'RewardLedgerProof',
    file: REWARD,
    from: '(growth * weight + PRECISION - 1) / PRECISION',
    to: 'growth * weight / PRECISION',
    what: 'rewards: what a growth is worth is rounded down',
  },
  {
    contract: 'RewardLedgerProof',
    file: REWARD,
    from: 'return weight * growth / PRECISION;',
    to: 'return (weight * growth + PRECISION - 1) / PRECISION;',
    what: 'rewards: what an account has earned is rounded up',
  },
];

const solc = createRequire(import.meta.url)('solc') as Compiler;
process.removeAllListeners('uncaughtException');
process.removeAllListeners('unhandledRejection');
const [z3, ...z3Arguments] = findZ3();
const scratch = mkdtempSync(join(tmpdir(), 'openledger-formal-'));
let failed = 0;
try {
  const proofs = readdirSync(folder).filter((name) => name.endsWith('Proof.sol'));
  for (const proof of proofs) {
    const contract = proof.slice(0, -'.sol'.length);
    const started = performance.now();
    const { safe, unproved } = check(contract);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const ok = unproved.length === 0 && safe > 0;
    if (!ok) failed += 1;
    console.log(`${ok ? 'proved  ' : 'UNPROVED'} ${contract}: ${safe} assertions safe (${seconds} s)`);
    for (const line of unproved) console.log(`         ${line}`);
  }
  for (const mutant of MUTANTS) {
    const { unproved } = check(mutant.contract, mutant);
    // Refuted means a counterexample, not a solver that gave up.
    const refuted = unproved.some((line) => line.includes('Assertion violation happens here'));
    if (!refuted) failed += 1;
    console.log(`${refuted ? 'refuted ' : 'NOT REFUTED'} ${mutant.what}`);
    if (!refuted) for (const line of unproved) console.log(`         ${line}`);
  }
} finally {
  rmSync(scratch, { recursive: true });
}
process.exit(failed === 0 ? 0 : 1);

function check(contract: string, mutant?: Mutant): Result {
  const file = `test/formal/${contract}.sol`;
  const sources: Record<string, { content: string }> = {};
  const queue = [file];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (name in sources) continue;
    let content = readFileSync(join(root, name), 'utf8');
    if (mutant?.file === name) {
      if (content.split(mutant.from).length !== 2)
        throw new Error(`"${mutant.from}" is not there once in ${name}: the mutant must follow the code.`);
      content = content.replace(mutant.from, mutant.to);
    }
    sources[name] = { content: withRequire(content) };
    for (const [, path] of content.matchAll(/^import .* from "(\.[^"]+)";/gm))
      queue.push(join(name, '..', path ?? ''));
  }
  const output = solc.compile(
    JSON.stringify({
      language: 'Solidity',
      sources,
      settings: {
        modelChecker: {
          contracts: { [file]: [contract] },
          // One step from an arbitrary state has no loop, so the bounded engine is complete for it.
          engine: 'bmc',
          solvers: ['smtlib2'],
          targets: ['assert'],
          showUnproved: true,
          showProvedSafe: true,
          timeout: SECONDS * STRATEGIES.length * 1000,
        },
        outputSelection: {},
      },
    }),
    { smtSolver },
  );
  const { errors = [] } = JSON.parse(output) as { errors?: Diagnostic[] };
  const broken = errors.filter((e) => e.severity === 'error');
  if (broken.length > 0) throw new Error(broken.map((e) => e.message).join('\n'));
  const about = errors.filter((e) => /BMC: /.test(e.message));
  return {
    safe: about.filter((e) => e.message.includes('check is safe')).length,
    unproved: about
      .filter((e) => e.severity === 'warning' && e.sourceLocation !== undefined)
      .map((e) => `${where(sources, e)}: ${e.message.split('\n')[0]}`),
  };
}

function where(sources: Record<string, { content: string }>, { sourceLocation }: Diagnostic): string {
  const { file, start } = sourceLocation ?? { file: '', start: 0 };
  return `${file}:${sources[file]?.content.slice(0, start).split('\n').length ?? 0}`;
}

function smtSolver(query: string): { contents?: string; error?: string } {
  const file = join(scratch, 'query.smt2');
  writeFileSync(file, withoutBitvectors(query));
  // A proof counts whichever strategy finds it.
  for (const strategy of z3Arguments.length === 0 ? STRATEGIES : [[]]) {
    const options = z3Arguments.length === 0 ? ['-smt2', `-T:${SECONDS}`, ...strategy] : z3Arguments;
    const run = spawnSync(z3, [...options, file], { encoding: 'utf8', maxBuffer: 2 ** 28, timeout: 60_000 });
    if (/^(un)?sat\b/.test(run.stdout ?? '')) return { contents: run.stdout };
  }
  return { contents: 'unknown' };
}

function findZ3(): [string, ...string[]] {
  const candidates: [string, ...string[]][] = [
    [process.env.OPENLEDGER_Z3 ?? 'z3'],
    [process.execPath, join(folder, 'z3.mjs')],
  ];
  for (const [program, ...args] of candidates) {
    const run = spawnSync(program, [...args, '--version'], { encoding: 'utf8' });
    if (run.status !== 0) continue;
    console.log(run.stdout.trim());
    return [program, ...args];
  }
  console.error('There is no z3. `npm ci` or `pip install z3-solver` gets one; OPENLEDGER_Z3 names one.');
  process.exit(2);
}

/** The checker takes `revert Error(…)` for a statement that does nothing; `require(false)` it understands. */
function withRequire(content: string): string {
  return content.replace(/\brevert [\w.]+\([^;]*\);/g, 'require(false);');
}

/** solc writes a conversion to a smaller type as a way through bit vectors, on which z3 gets lost; it means `mod`. */
function withoutBitvectors(query: string): string {
  return query.replace(
    /\(bv2nat \(ite \(>= (\S+) 0\) \(\(_ int2bv (\d+)\) \1\) \(bvneg \(\(_ int2bv \2\) \(- \1\)\)\)\)\)/g,
    (_, term, bits) => `(mod ${term} ${2n ** BigInt(bits)})`,
  );
}
