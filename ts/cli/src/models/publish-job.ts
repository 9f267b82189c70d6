import { modelRegistryAbi, trainingLogAbi } from '@openledger/sdk/abis';
import { anchorCheckpoint } from '@openledger/sdk/actions/anchor-checkpoint';
import { finishRun } from '@openledger/sdk/actions/finish-run';
import { openRun } from '@openledger/sdk/actions/open-run';
import { type AdapterTerms, publishAdapter } from '@openledger/sdk/actions/publish-adapter';
import type { Prices } from '@openledger/sdk/protocol/receipts';
import type { Hex } from 'viem';
import type { ThreadContext, Wallet } from '../thread/context.ts';
import { unlessReverted } from '../thread/unless-reverted.ts';

/** What a call costs unless its owner says otherwise: about a hundredth of an OPEN. */
export const DEFAULT_PRICES: Prices = {
  activation: 0n,
  baseFee: 2n * 10n ** 15n,
  inputPer1k: 5n * 10n ** 16n,
  outputPer1k: 2n * 10n ** 17n,
};
/** What a base model's owner gets of an adapter's part, in basis points, unless its owner says otherwise. */
export const DEFAULT_ROYALTY_BPS = 1_000;

export type Anchor = { runId: Hex; step: number; stepsRoot: Hex; checkpointHash: Hex };
export type Published = Omit<AdapterTerms, 'royaltyBps'>;

/** A training job as the node answers it, as far as its place on chain goes. */
export type TrainingJob = {
  id: string;
  status: string;
  totalSteps: number;
  openRun: {
    runId: Hex;
    inputsRoot: Hex;
    inputCount: number;
    totalSteps: number;
    datanets: number[];
    uri: string;
  };
  result: {
    adapterHash: Hex;
    modelCard: Hex;
    anchors: Anchor[];
    publish: Published;
    metrics: Record<string, number>;
  } | null;
  error: { message: string } | null;
};

/** A run as the chain has it; undefined before it is opened. */
export const runOnChain = (context: Pick<ThreadContext, 'book' | 'chain'>, runId: Hex) =>
  unlessReverted(
    context.chain.readContract({
      address: context.book.contracts.TrainingLog,
      abi: trainingLogAbi,
      functionName: 'run',
      args: [runId],
    }),
  );

/** Opens a job's run unless it is open. */
export async function openJobRun(
  context: ThreadContext,
  builder: Wallet,
  planned: TrainingJob['openRun'],
): Promise<void> {
  const run = await runOnChain(context, planned.runId);
  if (run !== undefined && run.openedAt > 0) return;
  await openRun(builder, { book: context.book, ...planned });
}

/** Anchors a checkpoint unless that step is anchored. */
export async function anchorJob(context: ThreadContext, builder: Wallet, checkpoint: Anchor): Promise<void> {
  const run = await runOnChain(context, checkpoint.runId);
  if (run !== undefined && run.step >= checkpoint.step) return;
  await anchorCheckpoint(builder, { book: context.book, ...checkpoint });
}

/** Ends a job's run and publishes its adapter, unless that is done. Returns the model's id. */
export async function publishJob(
  context: ThreadContext,
  builder: Wallet,
  terms: Published,
  options: { royaltyBps?: number; prices?: Prices } = {},
): Promise<number> {
  const { royaltyBps = DEFAULT_ROYALTY_BPS, prices = DEFAULT_PRICES } = options;
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
  const published = { ...terms, royaltyBps };
  return (await publishAdapter(builder, { book: context.book, terms: published, prices })).modelId;
}
