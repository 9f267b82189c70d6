import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { attributionSettlementAbi } from '@openledger/sdk/abis';
import type { ContractName } from '@openledger/sdk/addresses';
import type { Hex } from 'viem';
import { ACCOUNT, root } from '../devnet/config.ts';
import { devnetKey } from '../devnet/devnet.ts';
import { CliError } from '../error.ts';
import type { ThreadContext } from './context.ts';
import type { Step } from './step.ts';

/** What the liar draws its receipt, item and field from. */
const SEED = 7;
const PATIENCE_MS = 60_000;

type Lie = { seed: number; field: string; what: string; claimId: Hex; nodeId: number };

/** Another node, in a process of its own, tampers with its claim; the watcher proves it and its stake is slashed. */
export const liarStep: Step = {
  name: 'liar',
  title: 'A liar proposes a tampered claim, and is caught',
  async run(context, earlier) {
    const lie = await tellLie(context, earlier.train.modelId as number);
    context.say(`seed ${lie.seed}: ${lie.what}`);
    const proof = await awaitProof(context, lie.claimId);
    const predicate = nameOf(context, proof.predicate);
    return {
      ...lie,
      predicate,
      transaction: proof.transaction,
      slashed: String(proof.reward + proof.burned),
      reward: String(proof.reward),
    };
  },
};

/** The lie of this deployment: told once, and remembered, because the liar forgets its receipts when it ends. */
async function tellLie(context: ThreadContext, modelId: number): Promise<Lie> {
  const path = join(context.config.home, 'lie.json');
  const deployment = context.book.contracts.AttributionSettlement;
  if (existsSync(path)) {
    const known = JSON.parse(readFileSync(path, 'utf8')) as Lie & { deployment: string };
    if (known.deployment === deployment) return known;
  }
  const lie = await startLiar(context, modelId);
  writeFileSync(path, JSON.stringify({ ...lie, deployment }));
  return lie;
}

/** Starts the liar and returns what it proposed. The liar shares no folder and no key with the node. */
async function startLiar(context: ThreadContext, modelId: number): Promise<Lie> {
  const { config } = context;
  const args = ['--rpc', config.urls.rpc, '--deployment', config.deployment, '--store', config.urls.node];
  const liar = spawn(
    process.execPath,
    [join(root, 'ts/node/test/liar.ts'), ...args, '--seeds', String(SEED), '--model', String(modelId)],
    {
      env: { ...process.env, OPENLEDGER_LIAR_KEY: devnetKey(ACCOUNT.liar) },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let complaint = '';
  liar.stderr.on('data', (data) => {
    complaint += data;
  });
  try {
    for await (const line of createInterface({ input: liar.stdout })) return JSON.parse(line) as Lie;
  } finally {
    liar.kill();
  }
  throw new CliError(`The liar proposed nothing: ${complaint.slice(-1000)}`);
}

async function awaitProof(context: ThreadContext, claimId: Hex) {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const [log] = await context.chain.getContractEvents({
      address: context.book.contracts.AttributionSettlement,
      abi: attributionSettlementAbi,
      eventName: 'FraudProven',
      args: { claimId },
      fromBlock: BigInt(context.book.startBlock),
      strict: true,
    });
    if (log !== undefined) return { ...log.args, transaction: log.transactionHash };
    await sleep(250);
  }
  throw new CliError(
    `Nobody proved the fraud in claim ${claimId} within ${PATIENCE_MS / 1000} s. Does the watcher run?`,
  );
}

function nameOf(context: ThreadContext, predicate: Hex): ContractName {
  const entry = Object.entries(context.book.contracts).find(
    ([, address]) => address.toLowerCase() === predicate.toLowerCase(),
  );
  if (entry === undefined)
    throw new CliError(
      `The claim was rejected by ${predicate}, which is not a predicate of this deployment.`,
    );
  return entry[0] as ContractName;
}
