import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Metric, report } from './report.ts';

const root = resolve(fileURLToPath(import.meta.url), '../../../..');
const TARGET_SECONDS = 240;

type Step = { seconds: number; result: { settleSeconds?: number; claimSeconds?: number } };
type Demo = { seconds: Record<string, number>; steps: Record<string, Step> };

/**
 * Fresh clone to first payout with a cold npm cache. There is no other system with this thread to race against, so the
 * anchor is the machine itself: `npm ci` of the same lockfile into another folder, again with a cold cache.
 */
export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'openledger-bench-'));
  const clone = join(folder, 'clone');
  const bare = join(folder, 'bare');
  const ports = {
    OPENLEDGER_RPC_PORT: '28545',
    OPENLEDGER_INDEXER_PORT: '28546',
    OPENLEDGER_NODE_PORT: '28547',
    OPENLEDGER_STUDIO_PORT: '28548',
  };
  try {
    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
    const started = Date.now();
    const env = {
      ...process.env,
      ...ports,
      npm_config_cache: join(folder, 'cache'),
      OPENLEDGER_STARTED_AT: String(started),
    };
    const demo = spawnSync('node', ['script/start.mjs', 'demo', '--json', '--until', 'settle'], {
      cwd: clone,
      env,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    const total = (Date.now() - started) / 1000;
    spawnSync('node', ['script/start.mjs', 'down'], { cwd: clone, env });
    if (demo.status !== 0) throw new Error(`The demo failed:\n${demo.stdout}\n${demo.stderr}`);
    const { seconds, steps } = JSON.parse(demo.stdout.trim().split('\n').at(-1) ?? '') as Demo;

    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, bare]);
    const installing = Date.now();
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: bare,
      env: { ...process.env, npm_config_cache: join(folder, 'cache-2') },
      stdio: 'ignore',
    });
    const install = (Date.now() - installing) / 1000;

    const settle = steps.settle.result;
    const stages: Record<string, number | undefined> = {
      install: seconds.install,
      compile: seconds.compile,
      deploy: seconds.deploy - (seconds.compile ?? 0),
      contribute: steps.contribute.seconds,
      train: steps.train.seconds,
      answer: steps.ask.seconds,
      attribute: steps.attribute.seconds,
      settle: settle.settleSeconds,
      claim: settle.claimSeconds,
    };
    const metrics: Metric[] = Object.entries(stages).map(([metric, ours]) => ({
      bench: 'thread',
      metric: `${metric} seconds`,
      ours: round(ours ?? 0),
      anchor: metric === 'install' ? round(install) : null,
      ratio: metric === 'install' ? round((ours ?? 0) / install) : null,
      target: 'part of the total',
      pass: true,
    }));
    metrics.push({
      bench: 'thread',
      metric: 'fresh clone to first payout, seconds',
      ours: round(total),
      anchor: round(install),
      ratio: round(total / install),
      target: `< ${TARGET_SECONDS} s on 2 cores, cold npm cache`,
      pass: total < TARGET_SECONDS,
    });
    report(metrics);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const round = (value: number) => Math.round(value * 100) / 100;
