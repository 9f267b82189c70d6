import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNT, type DevnetConfig, findProgram, root } from './config.ts';
import { devnetKey, environment } from './devnet.ts';
import { runProgram } from './program.ts';
import { rpc } from './rpc.ts';

/** Compiles the contracts and the deployment script unless the same sources were compiled before. */
export async function compile(config: DevnetConfig): Promise<'compiled' | 'unchanged'> {
  const stamp = join(config.home, 'compiled');
  const wanted = hashSources();
  if (existsSync(join(root, 'out')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted)
    return 'unchanged';
  await runProgram(findProgram('forge'), ['build', '--skip', 'test'], { cwd: root });
  mkdirSync(config.home, { recursive: true });
  writeFileSync(stamp, wanted);
  return 'compiled';
}

/**
 * Deploys all contracts with `script/Deploy.s.sol`, which writes the address book. One transaction at a time: anvil
 * may leave one that overtook its predecessor in the queue for ever.
 */
export async function deploy(config: DevnetConfig): Promise<void> {
  const options = { cwd: root, env: environment(config) };
  await runProgram(process.execPath, [join(root, 'script/predeploys.mjs'), config.urls.rpc], options);
  const key = devnetKey(ACCOUNT.deployer);
  const target = ['script', 'script/Deploy.s.sol', '--rpc-url', config.urls.rpc];
  // A failed attempt leaves half a deployment: take it back before the next one.
  const snapshot = await rpc<string>(config.urls.rpc, 'evm_snapshot', []);
  const attempt = () =>
    runProgram(findProgram('forge'), [...target, '--broadcast', '--slow', '--private-key', key], {
      ...options,
      timeoutMs: 60_000,
    });
  await attempt().catch(async () => {
    await rpc(config.urls.rpc, 'evm_revert', [snapshot]);
    await attempt();
  });
}

/** Changes with everything that a deployment is made of. */
export function hashSources(): string {
  const hash = createHash('sha256');
  for (const file of ['foundry.toml', 'script/predeploys.mjs']) hash.update(readFileSync(join(root, file)));
  for (const folder of ['src', 'script'])
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).toSorted())
      if (file.endsWith('.sol')) hash.update(file).update(readFileSync(join(root, folder, file)));
  return hash.digest('hex');
}
