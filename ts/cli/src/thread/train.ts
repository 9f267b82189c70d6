import { setTimeout as sleep } from 'node:timers/promises';
import { decodeStepLog } from '@openledger/engine/training/checkpoint';
import { modelRegistryAbi } from '@openledger/sdk/abis';
import { fromUtf8 } from '@openledger/sdk/protocol/bytes';
import { stepsTree } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { type Hex, isAddressEqual } from 'viem';
import { ACCOUNT } from '../devnet/config.ts';
import { CliError } from '../error.ts';
import { shippedBase } from '../models/library.ts';
import { publishBase } from '../models/publish-base.ts';
import {
  type Anchor,
  anchorJob,
  openJobRun,
  publishJob,
  runOnChain,
  type TrainingJob,
} from '../models/publish-job.ts';
import { bar } from './bar.ts';
import { nodeJson, type ThreadContext, type Wallet, walletOf } from './context.ts';
import type { ContributedDatanet } from './contribute.ts';
import type { Step } from './step.ts';
import { getBlob } from './store.ts';

type JobEvent = { id: number; type: string; data: Record<string, unknown> };

/** The builder trains an adapter on two datanets, anchors each checkpoint, and publishes the adapter. */
export const trainStep: Step = {
  name: 'train',
  title: 'The builder trains an adapter on two datanets',
  async run(context, earlier) {
    const datanets = (earlier.contribute.datanets as ContributedDatanet[]).filter(({ asked }) => asked);
    const deployer = walletOf(context, ACCOUNT.deployer);
    const { modelId: base } = await publishBase(context, deployer, await shippedBase());
    const builder = walletOf(context, ACCOUNT.builder);
    const job = await nodeJson<TrainingJob>(context, '/v1/fine_tuning/jobs', {
      body: { baseModel: base, name: 'tamber-guide', datanets: datanets.map(({ id }) => id) },
    });
    await openJobRun(context, builder, job.openRun);
    const losses = await follow(context, builder, job);
    const { result } = await nodeJson<TrainingJob>(context, `/v1/fine_tuning/jobs/${job.id}`);
    if (result === null) throw new CliError(`The training job ${job.id} ended without a result.`);
    const modelId = await publishJob(context, builder, result.publish);
    await verify(context, { modelId, job, result, losses });
    return {
      modelId,
      base,
      runId: job.openRun.runId,
      steps: job.totalSteps,
      firstLoss: losses[0],
      lastLoss: losses.at(-1),
      adapterHash: result.adapterHash,
      card: result.modelCard,
    };
  },
};

/** Follows the job to its end, shows the curve, and anchors each checkpoint as it comes. Returns the losses by step. */
async function follow(context: ThreadContext, builder: Wallet, job: TrainingJob): Promise<number[]> {
  const losses: number[] = [];
  for (let after = 0; ; ) {
    const { data } = await nodeJson<{ data: JobEvent[] }>(
      context,
      `/v1/fine_tuning/jobs/${job.id}/events?after=${after}`,
    );
    for (const event of data) {
      after = event.id;
      if (event.type === 'error') throw new CliError(`Training failed: ${event.data.message}`);
      if (event.type === 'checkpoint') await anchorJob(context, builder, event.data as unknown as Anchor);
      if (event.type === 'status' && event.data.status === 'attributing') context.say('sketching the rows');
      if (event.type === 'result') return losses;
      if (event.type === 'step') {
        const { step, loss, etaSeconds } = event.data as { step: number; loss: number; etaSeconds: number };
        losses[step - 1] = loss;
        context.say(
          `${bar(step / job.totalSteps)} step ${step}/${job.totalSteps}, loss ${loss.toFixed(3)}, ${etaSeconds.toFixed(0)} s left`,
        );
      }
    }
    await sleep(250);
  }
}

type Outcome = {
  modelId: number;
  job: TrainingJob;
  result: NonNullable<TrainingJob['result']>;
  losses: number[];
};

/** What the chain says of the run and the model must be what the content store holds. */
async function verify(context: ThreadContext, { modelId, job, result, losses }: Outcome): Promise<void> {
  const run = await runOnChain(context, job.openRun.runId);
  const expect = (ok: boolean, what: string) => {
    if (!ok) throw new CliError(`The training run does not add up: ${what}.`);
  };
  expect(run?.step === job.totalSteps, 'the last step is not anchored');
  expect(run?.adapterHash === result.adapterHash, 'the run did not end with the published adapter');
  const card = JSON.parse(fromUtf8(await getBlob(context, result.modelCard))) as {
    steps: Hex;
    runManifest: Hex;
  };
  expect(card.runManifest === job.openRun.runId, 'the run id is not the hash of the manifest');
  const records = decodeStepLog(fromUtf8(await getBlob(context, card.steps)));
  expect(plainRoot(stepsTree(records)) === run?.stepsRoot, 'the step log does not hash to the anchored root');
  expect(
    losses[losses.length - 1] < losses[0] / 4,
    `the loss only fell from ${losses[0]} to ${losses.at(-1)}`,
  );
  const owner = await context.chain.readContract({
    address: context.book.contracts.ModelRegistry,
    abi: modelRegistryAbi,
    functionName: 'ownerOf',
    args: [BigInt(modelId)],
  });
  expect(
    isAddressEqual(owner, walletOf(context, ACCOUNT.builder).account.address),
    'the builder does not own the model',
  );
}
