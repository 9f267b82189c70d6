import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mnemonicToAccount } from 'viem/accounts';
import { toHex } from 'viem';
import { CliError } from '../error.ts';
import { ACCOUNT, type DevnetConfig, findProgram, MNEMONIC, root } from './config.ts';
import { environment } from './devnet.ts';

/** Compiles the contracts and the deployment script unless the same sources were compiled before. */
export async function compile(config: DevnetConfig): Promise<'compiled' | 'unchanged'> {
  const stamp = join(config.home, 'compiled');
  const wanted = hashSources();
  if (existsSync(join(root, 'out')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return 'unchanged';
  await runProgram('forge', ['build', '--skip', 'test'], config, {});
  mkdirSync(config.home, { recursive: true });
  writeFileSync(stamp, wanted);
  return 'compiled';
}

/** Deploys all contracts with `script/Deploy.s.sol`, which writes the address book. */
export async function deploy(config: DevnetConfig): Promise<void> {
  const { privateKey } = mnemonicToAccount(MNEMONIC, { addressIndex: ACCOUNT.deployer }).getHdKey();
  if (privateKey === null) throw new CliError('The deployer has no key.');
  await runProgram('node', [join(root, 'script/predeploys.mjs'), config.urls.rpc], config, {});
  await runProgram(
    'forge',
    ['script', 'script/Deploy.s.sol', '--rpc-url', config.urls.rpc, '--broadcast', '--slow', '--private-key', toHex(privateKey)],
    config,
    { NO_PROXY: '127.0.0.1' },
  );
}

function hashSources(): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'foundry.toml')));
  for (const folder of ['src', 'script'])
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).toSorted())
      if (file.endsWith('.sol')) hash.update(file).update(readFileSync(join(root, folder, file)));
  return hash.digest('hex');
}

function runProgram(
  program: 'forge' | 'node',
  args: string[],
  config: DevnetConfig,
  env: Record<string, string>,
): Promise<void> {
  const path = program === 'node' ? process.execPath : findProgram(program);
  const child = spawn(path, args, {
    cwd: root,
    env: { ...process.env, ...environment(config), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stdout.on('data', (d) => {
    log += d;
  });
  child.stderr.on('data', (d) => {
    log += d;
  });
  return new Promise((done, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? done() : reject(new CliError(`${program} ${args[0]} failed:\n${log.slice(-3000)}`)),
    );
  });
}
