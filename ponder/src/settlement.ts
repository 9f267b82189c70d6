import { ponder } from 'ponder:registry';
import {
  agent,
  batch,
  channel,
  claim,
  contribution,
  flush,
  fraudProof,
  model,
  parametersVersion,
  payout,
  voucher,
} from 'ponder:schema';
import { hexToString } from 'viem';

const KINDS = { contribution: 0, model: 1, baseline: 2 };

ponder.on('AttributionSettlement:VoucherRedeemed', async ({ event, context }) => {
  const { channelId: id, epoch, fee } = event.args;
  await context.db.insert(voucher).values({ ...event.args, redeemedAt: Number(event.block.timestamp) });
  await context.db.update(channel, { id }).set((row) => ({ settled: row.settled + fee, epoch: epoch + 1 }));
});

ponder.on('AttributionSettlement:BatchAppended', async ({ event, context }) => {
  const { batch: number, ...rest } = event.args;
  await context.db.insert(batch).values({
    number,
    ...rest,
    redeemedAt: Number(event.block.timestamp),
    transactionHash: event.transaction.hash,
  });
});

ponder.on('AttributionSettlement:ClaimProposed', async ({ event, context }) => {
  const { claimId: id, claim: contents } = event.args;
  const parameters = await context.db.find(parametersVersion, { version: contents.paramsVersion });
  const proposedAt = Number(event.block.timestamp);
  await context.db.insert(claim).values({
    id,
    ...contents,
    status: 'proposed',
    end: proposedAt + (parameters?.challengeWindow ?? 0),
    proposedAt,
    transactionHash: event.transaction.hash,
  });
});

ponder.on('AttributionSettlement:ClaimData', async ({ event, context }) => {
  const { claimId: id, locator } = event.args;
  await context.db.update(claim, { id }).set({ locator: hexToString(locator) });
});

ponder.on('AttributionSettlement:ClaimFinalized', async ({ event, context }) => {
  await context.db.update(claim, { id: event.args.claimId }).set({ status: 'final' });
});

ponder.on('AttributionSettlement:FraudProven', async ({ event, context }) => {
  const { claimId, nodeId, predicate, rewardTo, reward, burned } = event.args;
  await context.db.insert(fraudProof).values({
    claimId,
    nodeId,
    predicate,
    rewardTo,
    reward,
    burned,
    provenAt: Number(event.block.timestamp),
    transactionHash: event.transaction.hash,
  });
  await context.db.update(claim, { id: claimId }).set({ status: 'rejected' });
});

ponder.on('AttributionSettlement:ClaimVetoed', async ({ event, context }) => {
  await context.db.update(claim, { id: event.args.claimId }).set({ status: 'vetoed' });
});

ponder.on('AttributionSettlement:Paid', async ({ event, context }) => {
  const { nodeId, asset, payee, amount, cumulative } = event.args;
  await context.db.insert(payout).values({
    id: event.id,
    kind: 'asset',
    nodeId,
    asset,
    payee,
    amount,
    cumulative,
    paidAt: Number(event.block.timestamp),
    transactionHash: event.transaction.hash,
  });
  const id = Math.floor(asset / 4);
  const kind = asset % 4;
  if (kind === KINDS.contribution && id > 0) {
    await context.db.update(contribution, { id }).set((row) => ({ earned: row.earned + amount }));
  } else if (kind === KINDS.model) {
    await context.db.update(model, { id }).set((row) => ({ earned: row.earned + amount }));
  }
});

ponder.on('AttributionSettlement:NodePaid', async ({ event, context }) => {
  const { nodeId, wallet, amount } = event.args;
  await context.db.insert(payout).values({
    id: event.id,
    kind: 'node',
    nodeId,
    payee: wallet,
    amount,
    paidAt: Number(event.block.timestamp),
    transactionHash: event.transaction.hash,
  });
  await context.db.update(agent, { id: nodeId }).set((row) => ({ earned: row.earned + amount }));
});

ponder.on('AttributionSettlement:Flushed', async ({ event, context }) => {
  await context.db.insert(flush).values({
    id: event.id,
    ...event.args,
    flushedAt: Number(event.block.timestamp),
    transactionHash: event.transaction.hash,
  });
});

ponder.on('BaselineVault:BaselineFunded', async ({ event, context }) => {
  const { modelId: id, received } = event.args;
  await context.db.update(model, { id }).set({ baselineReceived: received });
});

ponder.on('BaselineVault:BaselineTaken', async ({ event, context }) => {
  const { modelId, asset, owner, amount, taken } = event.args;
  await context.db.insert(payout).values({
    id: event.id,
    kind: 'baseline',
    modelId,
    asset,
    payee: owner,
    amount,
    cumulative: taken,
    paidAt: Number(event.block.timestamp),
    transactionHash: event.transaction.hash,
  });
  await context.db
    .update(contribution, { id: Math.floor(asset / 4) })
    .set((row) => ({ earned: row.earned + amount }));
});
