#!/usr/bin/env -S node --stack-size=4000
// Lets forge drive the WebAssembly compiler of the npm `solc` package.
// forge makes two calls only: `--version`, and `--standard-json` (JSON on stdin, JSON on stdout). The
// package's own command line cannot serve it: it prints a notice on stdout before the JSON.
'use strict';
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** Below this many files for each process, reading all sources again costs more than it saves. */
const FILES_PER_PROCESS = 12;

const args = process.argv.slice(2);

if (args.includes('--alone')) {
  process.stdout.write(compiler().compile(fs.readFileSync(0, 'utf8')));
} else if (args.includes('--standard-json')) {
  cached(fs.readFileSync(0, 'utf8'), compile).then((output) => process.stdout.write(output));
} else if (args.includes('--version')) {
  const version = compiler().version();
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else {
  process.stderr.write(`solc.cjs: unsupported arguments: ${args.join(' ')}\n`);
  process.exitCode = 1;
}

function compiler() {
  const solc = require('solc');
  // Emscripten installs handlers that swallow stack traces.
  process.removeAllListeners('uncaughtException');
  process.removeAllListeners('unhandledRejection');
  return solc;
}

/**
 * The compiler has one thread, so each processor gets a process that reads all sources and generates the code of its
 * share of the files.
 */
async function compile(input) {
  const job = JSON.parse(input);
  const selection = job.settings?.outputSelection ?? {};
  const wanted = (file) => ({ ...selection['*'], ...selection[file] });
  const files = Object.keys(job.sources)
    .filter((file) => Object.values(wanted(file)).some((outputs) => outputs.length > 0))
    .sort();
  const processes = Math.min(os.availableParallelism(), Math.floor(files.length / FILES_PER_PROCESS));
  if (processes < 2 || !asksForCode(input)) return compiler().compile(input);
  // Neighbours in a folder take about as long as each other.
  const shares = Array.from({ length: processes }, (_, i) => files.filter((_, j) => j % processes === i));
  const outputs = await Promise.all(
    shares.map((share) => {
      const outputSelection = Object.fromEntries(share.map((file) => [file, wanted(file)]));
      return inProcess(JSON.stringify({ ...job, settings: { ...job.settings, outputSelection } }));
    }),
  );
  return JSON.stringify(merge(outputs.map((output) => JSON.parse(output))));
}

function inProcess(input) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, __filename, '--alone'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString());
      else reject(new Error(`The compiler ended with code ${code}.`));
    });
    child.stdin.on('error', () => {}); // the exit code says it
    child.stdin.end(input);
  });
}

function merge(outputs) {
  const merged = { contracts: {}, sources: {} };
  const errors = new Map();
  for (const output of outputs) {
    Object.assign(merged.contracts, output.contracts);
    for (const [file, source] of Object.entries(output.sources ?? {}))
      merged.sources[file] = { ...merged.sources[file], ...source };
    // Every process reads every file and says the same of it.
    for (const error of output.errors ?? []) errors.set(JSON.stringify(error), error);
  }
  if (errors.size > 0) merged.errors = [...errors.values()];
  return merged;
}

/** Otherwise interfaces only, which takes no longer than reading the sources. */
function asksForCode(input) {
  return input.includes('"evm.bytecode');
}

// The same input and compiler give the same output. Coverage sets SOLC_JS_CACHE to a folder, so that it need not
// compile twice. Besides, forge asks for all interfaces each time that it picks linked tests: the last answer is kept.
async function cached(input, compile) {
  const last = process.env.SOLC_JS_CACHE || asksForCode(input) ? undefined : path.join('cache', 'interfaces');
  const dir = process.env.SOLC_JS_CACHE || last;
  if (!dir) return compile(input);
  const { version } = require('solc/package.json');
  const key = createHash('sha256').update(`${version}\n${input}`).digest('hex');
  const file = path.join(dir, `${key}.json`);
  if (fs.existsSync(file)) return fs.readFileSync(file, 'utf8');
  const output = await compile(input);
  fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(`${file}.${process.pid}`, output);
  fs.renameSync(`${file}.${process.pid}`, file);
  for (const other of last ? fs.readdirSync(last) : [])
    if (other.endsWith('.json') && other !== path.basename(file))
      fs.rmSync(path.join(last, other), { force: true });
  return output;
}
