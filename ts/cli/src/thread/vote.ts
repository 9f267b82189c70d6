import { governanceOpenAbi, openGovernorAbi, protocolParametersAbi } from '@openledger/sdk/abis';
import { castVote } from '@openledger/sdk/actions/cast-vote';
import { executeProposal } from '@openledger/sdk/actions/execute-proposal';
import { proposalArgs } from '@openledger/sdk/actions/proposal';
import { proposeThreshold } from '@openledger/sdk/actions/propose-threshold';
import { queueProposal } from '@openledger/sdk/actions/queue-proposal';
import { wrapOpen } from '@openledger/sdk/actions/wrap-open';
import { encodeFunctionData, getContract, parseEther } from 'viem';
import { ACCOUNT } from '../devnet/config.ts';
import { advanceClock } from '../devnet/rpc.ts';
import { CliError } from '../error.ts';
import { type ThreadContext, type Wallet, walletOf } from './context.ts';
import { unlessReverted } from './unless-reverted.ts';

export type Threshold = { base: number; min: number; max: number };

const STATES = [
  'pending',
  'active',
  'canceled',
  'defeated',
  'succeeded',
  'queued',
  'expired',
  'executed',
] as const;

/** A gOPEN holder proposes a threshold, votes for it, queues it, and executes it through the timelock. */
export async function voteThreshold(
  context: ThreadContext,
  threshold: Threshold,
): Promise<{ proposalId: string; version: number }> {
  const { book, chain } = context;
  const voter = walletOf(context, ACCOUNT.voter);
  await ensureVotes(context, voter);
  const description = `Attribution threshold: base ${threshold.base} ppm, between ${threshold.min} and ${threshold.max}.`;
  const calldata = encodeFunctionData({
    abi: protocolParametersAbi,
    functionName: 'setAttributionThreshold',
    args: [threshold.base, threshold.min, threshold.max],
  });
  const proposal = {
    targets: [book.contracts.ProtocolParameters],
    values: [0n],
    calldatas: [calldata],
    description,
  };
  const governor = getContract({ address: book.contracts.OpenGovernor, abi: openGovernorAbi, client: chain });
  const id = await governor.read.getProposalId([...proposalArgs(proposal)]);
  // A governor that does not know the proposal reverts.
  const state = async () => STATES[(await unlessReverted(governor.read.state([id]))) ?? -1];

  if ((await state()) === undefined) {
    context.say(`proposing: ${description}`);
    await proposeThreshold(voter, { book, ...threshold, description });
  }
  await passTime(context, await governor.read.proposalSnapshot([id]));
  if ((await state()) === 'active') {
    if (!(await governor.read.hasVoted([id, voter.account.address])))
      await castVote(voter, { book, proposalId: id, support: 'for' });
    await passTime(context, await governor.read.proposalDeadline([id]));
  }
  if ((await state()) === 'succeeded') {
    context.say('the vote passed: queueing in the timelock');
    await queueProposal(voter, { book, proposal });
  }
  if ((await state()) === 'queued') {
    await passTime(context, await governor.read.proposalEta([id]));
    await executeProposal(voter, { book, proposal });
  }
  if ((await state()) !== 'executed')
    throw new CliError(`The proposal ended as "${await state()}", not executed.`);
  const version = await chain.readContract({
    address: book.contracts.ProtocolParameters,
    abi: protocolParametersAbi,
    functionName: 'currentVersion',
  });
  return { proposalId: id.toString(), version };
}

/** Wraps OPEN and delegates to itself, a block before it proposes. */
async function ensureVotes(context: ThreadContext, voter: Wallet): Promise<void> {
  const votes = await context.chain.readContract({
    address: context.book.contracts.GovernanceOpen,
    abi: governanceOpenAbi,
    functionName: 'getVotes',
    args: [voter.account.address],
  });
  if (votes === 0n) await wrapOpen(voter, { book: context.book, value: parseEther('1000') });
  await advanceClock(context.config.urls.rpc, 1);
}

/** Moves the devnet's clock past a moment. */
export async function passTime(context: ThreadContext, moment: bigint): Promise<void> {
  const { timestamp } = await context.chain.getBlock();
  if (timestamp <= moment) await advanceClock(context.config.urls.rpc, Number(moment - timestamp) + 1);
}

/** Reads one version of the parameters. */
export const parametersOf = (context: ThreadContext, version: number) =>
  context.chain.readContract({
    address: context.book.contracts.ProtocolParameters,
    abi: protocolParametersAbi,
    functionName: 'parameters',
    args: [version],
  });
