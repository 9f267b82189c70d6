import { modelRegistryAbi, trainingLogAbi } from '@openledger/sdk/abis';
import type { Hash, PublicClient } from 'viem';
import { zeroAddress } from 'viem';
import type { Wallet } from '../../app/wallet.ts';
import type { Job } from '../../lib/jobs.ts';
import type { Network } from '../../lib/network.ts';

/** What a builder decides when publishing; all amounts are whole gwei. */
export type PublishChoices = {
  royaltyBps: number;
  prices: { activation: bigint; baseFee: bigint; inputPer1k: bigint; outputPer1k: bigint };
};

/** The steps of a publication, in words. */
export function publishSteps(job: Job): string[] {
  return [
    'Open the run',
    ...(job.result?.anchors ?? []).map(({ step }) => `Anchor step ${step}`),
    'Finish the run with the adapter’s hash',
    'Register the adapter and its prices',
  ];
}

/**
 * Puts a run on chain and registers its adapter. Each step looks at the chain first, so that a publication that
 * broke off is continued, and yields its name when it is done.
 */
export async function* runPublication({
  network,
  job,
  choices,
  wallet,
  publicClient,
}: {
  network: Network;
  job: Job;
  choices: PublishChoices;
  wallet: Wallet;
  publicClient: PublicClient;
}): AsyncGenerator<string> {
  const { result, openRun } = job;
  if (result === null) throw new Error('The run is not done yet.');
  const names = publishSteps(job);
  const log = { address: network.contracts.TrainingLog, abi: trainingLogAbi } as const;
  const registry = { address: network.contracts.ModelRegistry, abi: modelRegistryAbi } as const;
  const mined = async (hash: Hash) => {
    const receipt = await publicClient.waitForTransactionReceipt({ hash });
    if (receipt.status === 'reverted') throw new Error(`The transaction ${hash} was reverted.`);
  };
  const account = wallet.account;

  const onChain = await publicClient.readContract({ ...log, functionName: 'run', args: [openRun.runId] });
  if (onChain.owner === zeroAddress) {
    const { runId, inputsRoot, inputCount, totalSteps, datanets, uri } = openRun;
    const { request } = await publicClient.simulateContract({
      ...log,
      account,
      functionName: 'openRun',
      args: [runId, inputsRoot, inputCount, totalSteps, datanets, uri],
    });
    await mined(await wallet.writeContract(request));
  } else if (onChain.owner !== account.address) {
    throw new Error(
      `This run was opened by ${onChain.owner}. Connect that account, or train again with another seed.`,
    );
  }
  yield names[0]!;

  for (const [index, { runId, step, stepsRoot, checkpointHash }] of result.anchors.entries()) {
    if (step > onChain.step) {
      const { request } = await publicClient.simulateContract({
        ...log,
        account,
        functionName: 'anchor',
        args: [runId, step, stepsRoot, checkpointHash],
      });
      await mined(await wallet.writeContract(request));
    }
    yield names[index + 1]!;
  }

  if (onChain.finishedAt === 0) {
    const { request } = await publicClient.simulateContract({
      ...log,
      account,
      functionName: 'finish',
      args: [openRun.runId, result.adapterHash],
    });
    await mined(await wallet.writeContract(request));
  }
  yield names.at(-2)!;

  const bond = await publicClient.readContract({ ...registry, functionName: 'publicationBond' });
  const { request } = await publicClient.simulateContract({
    ...registry,
    account,
    functionName: 'publishAdapter',
    args: [{ ...result.publish, royaltyBps: choices.royaltyBps }, choices.prices],
    value: bond,
  });
  await mined(await wallet.writeContract(request));
  yield names.at(-1)!;
}
