import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BASE_FILES } from '@openledger/engine/model/base';
import { decodeStepLog } from '@openledger/engine/training/checkpoint';
import { modelRegistryAbi, trainingLogAbi } from '@openledger/sdk/abis';
import { anchorCheckpoint } from '@openledger/sdk/actions/anchor-checkpoint';
import { finishRun } from '@openledger/sdk/actions/finish-run';
import { openRun } from '@openledger/sdk/actions/open-run';
import { type AdapterTerms, publishAdapter } from '@openledger/sdk/actions/publish-adapter';
import { registerBase } from '@openledger/sdk/actions/register-base';
import { fromUtf8 } from '@openledger/sdk/protocol/bytes';
import { folderManifest, storeUri } from '@openledger/sdk/protocol/store';
import { stepsTree } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { type Hex, isAddressEqual, keccak256 } from 'viem';
import { ACCOUNT, root } from '../devnet/config.ts';
import { CliError } from '../error.ts';
import { bar } from './bar.ts';
import { nodeJson, type ThreadContext, type Wallet, walletOf } from './context.ts';
import type { ContributedDatanet } from './contribute.ts';
import type { Step } from './step.ts';
import { getBlob, putBlob } from './store.ts';
import { unlessReverted } from './unless-reverted.ts';

/** What a call of the demo's adapter costs: about a hundredth of an OPEN. */
const PRICES = {
  activation: 0n,
  baseFee: 2n * 10n ** 15n,
  inputPer1k: 5n * 10n ** 16n,
  outputPer1k: 2n * 10n ** 17n,
};
const ROYALTY_BPS = 1_000;

type Anchor = { runId: Hex; step: number; stepsRoot: Hex; checkpointHash: Hex };
type Published = Omit<AdapterTerms, 'royaltyBps'>;
type Job = {
  id: string;
  totalSteps: number;
  openRun: {
    runId: Hex;
    inputsRoot: Hex;
    inputCount: number;
    totalSteps: number;
    datanets: number[];
    uri: string;
  };
  result: { adapterHash: Hex; modelCard: Hex; publish: Published; metrics: Record<string, number> } | null;
  error: { message: string } | null;
};
type JobEvent = { id: number; type: string; data: Record<string, unknown> };

/** The builder trains an adapter on two datanets, anchors each checkpoint, and publishes the adapter. */
export const trainStep: Step = {
  name: 'train',
  title: 'The builder trains an adapter on two datanets',
  async run(context, earlier) {
    const datanets = (earlier.contribute.datanets as ContributedDatanet[]).filter(({ asked }) => asked);
    const base = await ensureBase(context);
    const builder = walletOf(context, ACCOUNT.builder);
    const job = await nodeJson<Job>(context, '/v1/fine_tuning/jobs', {
      body: { baseModel: base, name: 'tamber-guide', datanets: datanets.map(({ id }) => id) },
    });
    await ensureRunOpened(context, builder, job);
    const losses = await follow(context, builder, job);
    const { result } = await nodeJson<Job>(context, `/v1/fine_tuning/jobs/${job.id}`);
    if (result === null) throw new CliError(`The training job ${job.id} ended without a result.`);
    const modelId = await ensurePublished(context, builder, result.publish);
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

/** Registers the base model that ships here, and puts its files into the store. Returns its id. */
async function ensureBase(context: ThreadContext): Promise<number> {
  const files = await Promise.all(
    BASE_FILES.map(async (path) => ({
      path,
      bytes: new Uint8Array(await readFile(join(root, 'ts/models/base', path))),
    })),
  );
  const hashOf = (name: string) => keccak256(files.find(({ path }) => path === name)?.bytes ?? '0x');
  const weightsHash = hashOf('model.safetensors');
  const logs = await context.chain.getContractEvents({
    address: context.book.contracts.ModelRegistry,
    abi: modelRegistryAbi,
    eventName: 'BaseRegistered',
    fromBlock: BigInt(context.book.startBlock),
    strict: true,
  });
  const known = logs.find(({ args }) => args.terms.weightsHash === weightsHash)?.args.modelId;
  if (known !== undefined) return known;
  const listed = await Promise.all(
    files.map(async ({ path, bytes }) => ({ path, size: bytes.length, hash: await putBlob(context, bytes) })),
  );
  const folder = await putBlob(context, folderManifest(listed).bytes);
  const { modelId } = await registerBase(walletOf(context, ACCOUNT.deployer), {
    book: context.book,
    terms: { weightsHash, tokenizerHash: hashOf('tokenizer.json'), licence: 'MIT', uri: storeUri(folder) },
  });
  return modelId;
}

const runOnChain = (context: ThreadContext, runId: Hex) =>
  unlessReverted(
    context.chain.readContract({
      address: context.book.contracts.TrainingLog,
      abi: trainingLogAbi,
      functionName: 'run',
      args: [runId],
    }),
  );

async function ensureRunOpened(
  context: ThreadContext,
  builder: Wallet,
  { openRun: planned }: Job,
): Promise<void> {
  const run = await runOnChain(context, planned.runId);
  if (run !== undefined && run.openedAt > 0) return;
  await openRun(builder, { book: context.book, ...planned });
}

/** Follows the job to its end, shows the curve, and anchors each checkpoint as it comes. Returns the losses by step. */
async function follow(context: ThreadContext, builder: Wallet, job: Job): Promise<number[]> {
  const losses: number[] = [];
  for (let after = 0; ; ) {
    const { data } = await nodeJson<{ data: JobEvent[] }>(
      context,
      `/v1/fine_tuning/jobs/${job.id}/events?after=${after}`,
    );
    for (const event of data) {
      after = event.id;
      if (event.type === 'error') throw new CliError(`Training failed: ${event.data.message}`);
      if (event.type === 'checkpoint') await anchor(context, builder, event.data as unknown as Anchor);
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

async function anchor(context: ThreadContext, builder: Wallet, checkpoint: Anchor): Promise<void> {
  const run = await runOnChain(context, checkpoint.runId);
  if (run !== undefined && run.step >= checkpoint.step) return;
  await anchorCheckpoint(builder, { book: context.book, ...checkpoint });
}

async function ensurePublished(context: ThreadContext, builder: Wallet, terms: Published): Promise<number> {
  const run = await runOnChain(context, terms.runId);
  if (run?.finishedAt === 0)
    await finishRun(builder, { book: context.book, runId: terms.runId, adapterHash: terms.adapterHash });
  const logs = await context.chain.getContractEvents({
    address: context.book.contracts.ModelRegistry,
    abi: modelRegistryAbi,
    eventName: 'AdapterPublished',
    args: { owner: builder.account.address },
    fromBlock: BigInt(context.book.startBlock),
    strict: true,
  });
  const known = logs.find(({ args }) => args.terms.runId === terms.runId)?.args.modelId;
  if (known !== undefined) return known;
  const { modelId } = await publishAdapter(builder, {
    book: context.book,
    terms: { ...terms, royaltyBps: ROYALTY_BPS },
    prices: PRICES,
  });
  return modelId;
}

type Outcome = { modelId: number; job: Job; result: NonNullable<Job['result']>; losses: number[] };

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
