#!/usr/bin/env -S node --stack-size=4000
// Lets forge drive the WebAssembly compiler of the npm `solc` package.
// forge makes two calls only: `--version`, and `--standard-json` (JSON on stdin, JSON on stdout). The
// package's own command line cannot serve it: it prints a notice on stdout before the JSON.
'use strict';
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const args = process.argv.slice(2);

if (args.includes('--standard-json')) {
  const input = fs.readFileSync(0, 'utf8');
  process.stdout.write(cached(input, () => compiler().compile(input)));
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

// The same input and compiler give the same output, so coverage and forced builds need not compile
// twice. Set SOLC_JS_CACHE to a folder to turn it on.
function cached(input, compile) {
  const dir = process.env.SOLC_JS_CACHE;
  if (!dir) return compile();
  const { version } = require('solc/package.json');
  const key = createHash('sha256').update(`${version}\n${input}`).digest('hex');
  const file = path.join(dir, `${key}.json`);
  if (fs.existsSync(file)) return fs.readFileSync(file, 'utf8');
  const output = compile();
  fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(`${file}.${process.pid}`, output);
  fs.renameSync(`${file}.${process.pid}`, file);
  return output;
}
