// The devnet's chain: runs anvil and saves its state after each second in which a block was made, whole or not at
// all, so that a killed chain continues where it was. Started by `devnet.ts`; not a command of its own.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { CHAIN_ID, findProgram, MNEMONIC, readConfig } from './config.ts';
import { anvilPidPath, isAlive, readLivePid, writePid } from './process.ts';
import { rpc } from './rpc.ts';

const config = readConfig();
const folder = join(config.home, 'chain');
const stateFile = join(folder, 'state.json');
const pidFile = anvilPidPath(config.home);
mkdirSync(folder, { recursive: true });

let anvil = readLivePid(pidFile);
let stopping = false;
if (anvil === undefined) anvil = await launch();
const pid = anvil;

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stopping = true;
  });

let saved = -1n;
for (;;) {
  await sleep(stopping ? 0 : 1000);
  try {
    const head = BigInt(await rpc<string>(config.urls.rpc, 'eth_blockNumber', []));
    if (head !== saved) {
      save(await rpc<string>(config.urls.rpc, 'anvil_dumpState', []));
      saved = head;
    }
  } catch (error) {
    if (!isAlive(pid)) {
      process.stderr.write('anvil has ended\n');
      process.exit(1);
    }
    // The last saved state stays whole; a slow answer or a full disk may be over by the next round.
    process.stderr.write(
      `the chain's state was not saved: ${error instanceof Error ? error.message : error}\n`,
    );
  }
  if (stopping) break;
}
process.kill(pid, 'SIGTERM');

async function launch(): Promise<number> {
  const loads = existsSync(stateFile) ? ['--load-state', stateFile] : [];
  const args = ['--port', String(config.ports.rpc), '--chain-id', String(CHAIN_ID), '--accounts', '20'];
  const child = spawn(findProgram('anvil'), [...args, '--mnemonic', MNEMONIC, '--silent', ...loads], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // Its own process group: when the keeper is told to stop, anvil must live until its state is saved.
    detached: true,
  });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`anvil ended with code ${code}`)));
  });
  ended.catch(() => undefined);
  const started = child.pid;
  if (started === undefined) return ended;
  writePid(pidFile, { pid: started, command: 'anvil' });
  const up = async () => {
    while ((await blockNumber()) === undefined) await sleep(50);
  };
  await Promise.race([up(), ended]);
  await catchUpClock();
  return started;
}

/** A loaded state does not bring its clock along: the next block must not be older than the last. */
async function catchUpClock(): Promise<void> {
  const latest = await rpc<{ timestamp: string }>(config.urls.rpc, 'eth_getBlockByNumber', ['latest', false]);
  const behind = Number(BigInt(latest.timestamp)) - Math.floor(Date.now() / 1000);
  if (behind >= 0) await rpc(config.urls.rpc, 'evm_increaseTime', [behind + 1]);
}

async function blockNumber(): Promise<bigint | undefined> {
  try {
    return BigInt(await rpc<string>(config.urls.rpc, 'eth_blockNumber', []));
  } catch {
    return undefined;
  }
}

function save(dump: string): void {
  const json = gunzipSync(Buffer.from(dump.slice(2), 'hex'));
  const file = openSync(`${stateFile}.tmp`, 'w');
  writeFileSync(file, json);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${stateFile}.tmp`, stateFile);
}
