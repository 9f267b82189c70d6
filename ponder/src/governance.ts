import { ponder } from 'ponder:registry';
import { parametersVersion, proposal, vote } from 'ponder:schema';

/** The governor's ballot: against, for, abstain. */
const TALLIES = ['againstVotes', 'forVotes', 'abstainVotes'] as const;

ponder.on('ProtocolParameters:ParametersUpdated', async ({ event, context }) => {
  const { version, parameters } = event.args;
  await context.db
    .insert(parametersVersion)
    .values({ version, ...parameters, setAt: Number(event.block.timestamp) });
});

ponder.on('OpenGovernor:ProposalCreated', async ({ event, context }) => {
  const { proposalId, proposer, description, targets, values, calldatas, voteStart, voteEnd } = event.args;
  await context.db.insert(proposal).values({
    id: proposalId,
    proposer,
    description,
    targets: [...targets],
    values: [...values],
    calldatas: [...calldatas],
    voteStart: Number(voteStart),
    voteEnd: Number(voteEnd),
    status: 'proposed',
    forVotes: 0n,
    againstVotes: 0n,
    abstainVotes: 0n,
    proposedAt: Number(event.block.timestamp),
  });
});

ponder.on('OpenGovernor:ProposalExtended', async ({ event, context }) => {
  const { proposalId: id, extendedDeadline } = event.args;
  await context.db.update(proposal, { id }).set({ voteEnd: Number(extendedDeadline) });
});

ponder.on('OpenGovernor:ProposalQueued', async ({ event, context }) => {
  const { proposalId: id, etaSeconds } = event.args;
  await context.db.update(proposal, { id }).set({ status: 'queued', eta: Number(etaSeconds) });
});

ponder.on('OpenGovernor:ProposalExecuted', async ({ event, context }) => {
  await context.db
    .update(proposal, { id: event.args.proposalId })
    .set({ status: 'executed', executedAt: Number(event.block.timestamp) });
});

ponder.on('OpenGovernor:ProposalCanceled', async ({ event, context }) => {
  await context.db.update(proposal, { id: event.args.proposalId }).set({ status: 'canceled' });
});

type Ballot = { proposalId: bigint; voter: `0x${string}`; support: number; weight: bigint; reason: string };

ponder.on('OpenGovernor:VoteCast', async ({ event, context }) => {
  await record(context, event.args, event.block.timestamp);
});

ponder.on('OpenGovernor:VoteCastWithParams', async ({ event, context }) => {
  await record(context, event.args, event.block.timestamp);
});

type Context = Parameters<Parameters<typeof ponder.on<'OpenGovernor:VoteCast'>>[1]>[0]['context'];

async function record(context: Context, ballot: Ballot, time: bigint): Promise<void> {
  const { proposalId, voter, support, weight, reason } = ballot;
  await context.db.insert(vote).values({ proposalId, voter, support, weight, reason, castAt: Number(time) });
  const tally = TALLIES[support];
  await context.db.update(proposal, { id: proposalId }).set((row) => ({ [tally]: row[tally] + weight }));
}
