// The first thing that runs on a fresh clone, so it needs nothing but Node: it checks the machine, installs what
// the lockfile names, and hands over to the command line (`ts/cli`) under the Node version that the project pins.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.openledger-install');
const COMMANDS = { up: ['up'], demo: ['demo'], down: ['devnet', 'down'], status: ['devnet', 'status'] };

const [name = 'up', ...rest] = process.argv.slice(2);
if (!(name in COMMANDS)) fail(`"${name}" is not a command. Use one of: ${Object.keys(COMMANDS).join(', ')}.`);
if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Node ${process.versions.node} is too old. Install Node 20 or newer.`);

process.env.OPENLEDGER_STARTED_AT ??= String(Date.now());
await install();
process.exit(await handOver([...COMMANDS[name], ...rest]));

/** Installs the lockfile's packages unless the last install was made from the very same lockfile. */
async function install() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const { bavail, bsize } = statfsSync(root);
  if (bavail * bsize < 2.5e9)
    fail(`The install needs 2.5 GB of disk, and ${((bavail * bsize) / 1e9).toFixed(1)} GB are free.`);

  const total = Object.keys(JSON.parse(lock.toString()).packages).filter((p) =>
    /^node_modules\/(@[^/]+\/)?[^/]+$/.test(p),
  ).length;
  const started = Date.now();
  const timer = setInterval(
    () => bar('Installing packages', countPackages(), total, started),
    process.stderr.isTTY ? 500 : 15_000,
  );
  bar('Installing packages', 0, total, started);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const child = spawn(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stdout.on('data', (d) => {
    log += d;
  });
  child.stderr.on('data', (d) => {
    log += d;
  });
  const code = await new Promise((done) =>
    child.on('close', done).on('error', (e) => {
      log += e.message;
      done(1);
    }),
  );
  clearInterval(timer);
  if (code !== 0)
    fail(`npm ci failed:\n${log.slice(-3000)}\nCheck the network and run the same command again.`);
  bar('Installing packages', total, total, started);
  if (process.stderr.isTTY) process.stderr.write('\n');
  writeFileSync(stamp, wanted);
}

function countPackages() {
  if (!existsSync(modules)) return 0;
  let n = 0;
  for (const entry of readdirSync(modules))
    n += entry.startsWith('@') ? readdirSync(join(modules, entry)).length : 1;
  return n;
}

function bar(label, done, total, started) {
  const share = Math.min(1, done / total);
  const filled = Math.round(share * 24);
  const text = `${label} [${'#'.repeat(filled)}${'-'.repeat(24 - filled)}] ${Math.round(share * 100)} % ${((Date.now() - started) / 1000).toFixed(0)} s`;
  process.stderr.write(process.stderr.isTTY ? `\r${text}` : `${text}\n`);
}

/** Runs the command line with the pinned Node where its package is installed, else with one that can run TypeScript. */
async function handOver(args) {
  const pinned = join(modules, '.bin', 'node');
  const node = existsSync(pinned) ? pinned : process.execPath;
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim().slice(1);
  const [major, minor] = version.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 18))
    fail(
      `On this system the pinned Node is not installed from npm. Run again with Node 24 (found ${version}).`,
    );
  const env = {
    // Node keeps what it compiled, so that programs start in half the time.
    NODE_COMPILE_CACHE: join(modules, '.cache/compiled'),
    ...process.env,
    PATH: `${join(modules, '.bin')}${delimiter}${process.env.PATH}`,
  };
  const child = spawn(node, [join(root, 'ts/cli/src/main.ts'), ...args], {
    cwd: root,
    stdio: 'inherit',
    env,
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((done) => child.on('close', (code) => done(code ?? 1)));
}

function fail(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}
