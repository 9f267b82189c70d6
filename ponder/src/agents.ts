import { ponder } from 'ponder:registry';
import { agent, channel, stake } from 'ponder:schema';
import { ROLE } from '@openledger/sdk/protocol/roles';

ponder.on('AgentRegistry:Registered', async ({ event, context }) => {
  const { agentId, agentURI, owner } = event.args;
  await context.db.insert(agent).values({
    id: Number(agentId),
    owner,
    uri: agentURI,
    stake: 0n,
    bonded: 0n,
    unbonding: 0n,
    slashed: 0n,
    earned: 0n,
    registeredAt: Number(event.block.timestamp),
  });
});

ponder.on('AgentRegistry:URIUpdated', async ({ event, context }) => {
  await context.db.update(agent, { id: Number(event.args.agentId) }).set({ uri: event.args.newURI });
});

ponder.on('AgentRegistry:MetadataSet', async ({ event, context }) => {
  const { agentId, metadataKey, metadataValue } = event.args;
  if (metadataKey !== 'agentWallet') return;
  const wallet = metadataValue === '0x' ? null : metadataValue;
  await context.db.update(agent, { id: Number(agentId) }).set({ wallet });
});

ponder.on('AgentRegistry:Transfer', async ({ event, context }) => {
  if (BigInt(event.args.from) === 0n) return; // minted: Registered says more
  await context.db.update(agent, { id: Number(event.args.tokenId) }).set({ owner: event.args.to });
});

ponder.on('AgentStaking:Staked', async ({ event, context }) => {
  const { agentId: id, role, amount } = event.args;
  await context.db.update(agent, { id }).set((row) => ({ stake: row.stake + amount }));
  await context.db
    .insert(stake)
    .values({ agentId: id, role, amount, unbonding: 0n, slashed: 0n, freezes: 0 })
    .onConflictDoUpdate((row) => ({ amount: row.amount + amount }));
});

ponder.on('AgentStaking:UnbondRequested', async ({ event, context }) => {
  const { agentId: id, role, amount, unbondAt } = event.args;
  await context.db.update(agent, { id }).set((row) => ({ unbonding: row.unbonding + amount }));
  await context.db
    .update(stake, { agentId: id, role })
    .set((row) => ({ unbonding: row.unbonding + amount, unbondAt }));
});

ponder.on('AgentStaking:Withdrawn', async ({ event, context }) => {
  const { agentId: id, role, amount } = event.args;
  await context.db
    .update(agent, { id })
    .set((row) => ({ stake: row.stake - amount, unbonding: row.unbonding - amount }));
  await context.db
    .update(stake, { agentId: id, role })
    .set((row) => ({ amount: row.amount - amount, unbonding: row.unbonding - amount, unbondAt: null }));
});

ponder.on('AgentStaking:StakeFrozen', async ({ event, context }) => {
  const { agentId, role, freezes } = event.args;
  await context.db
    .insert(stake)
    .values({ agentId, role, amount: 0n, unbonding: 0n, slashed: 0n, freezes })
    .onConflictDoUpdate({ freezes });
});

ponder.on('AgentStaking:StakeUnfrozen', async ({ event, context }) => {
  const { agentId, role, freezes } = event.args;
  await context.db.update(stake, { agentId, role }).set({ freezes });
});

ponder.on('AgentStaking:BondLocked', async ({ event, context }) => {
  const { agentId: id, bond } = event.args;
  await context.db.update(agent, { id }).set((row) => ({ bonded: row.bonded + bond }));
});

ponder.on('AgentStaking:BondReleased', async ({ event, context }) => {
  const { agentId: id, bond } = event.args;
  await context.db.update(agent, { id }).set((row) => ({ bonded: row.bonded - bond }));
});

ponder.on('AgentStaking:Slashed', async ({ event, context }) => {
  const { agentId: id, reward, burned } = event.args;
  const taken = reward + burned;
  await context.db.update(agent, { id }).set((row) => ({
    stake: row.stake - taken,
    bonded: row.bonded - taken,
    slashed: row.slashed + taken,
  }));
  await context.db
    .update(stake, { agentId: id, role: ROLE.node })
    .set((row) => ({ amount: row.amount - taken, slashed: row.slashed + taken }));
});

ponder.on('AgentStaking:StakeSlashed', async ({ event, context }) => {
  const { agentId: id, role, taken } = event.args;
  const owner = await context.db.find(agent, { id });
  const own = await context.db.find(stake, { agentId: id, role });
  if (owner === null || own === null) return;
  // What is bonded stays; what is loose is taken first of what is free, then of what is unbonding.
  const amount = own.amount - taken;
  const room = amount - (role === ROLE.node ? owner.bonded : 0n);
  const unbonding = own.unbonding < room ? own.unbonding : room;
  await context.db
    .update(stake, { agentId: id, role })
    .set({ amount, unbonding, slashed: own.slashed + taken });
  await context.db.update(agent, { id }).set({
    stake: owner.stake - taken,
    unbonding: owner.unbonding - (own.unbonding - unbonding),
    slashed: owner.slashed + taken,
  });
});

ponder.on('InferenceEscrow:ChannelOpened', async ({ event, context }) => {
  const { channelId: id, consumer, nodeId, signer, nonce, deposit } = event.args;
  const openedAt = Number(event.block.timestamp);
  await context.db
    .insert(channel)
    .values({ id, consumer, nodeId, signer, nonce, deposit, settled: 0n, epoch: 0, openedAt });
});

ponder.on('InferenceEscrow:ChannelToppedUp', async ({ event, context }) => {
  await context.db.update(channel, { id: event.args.channelId }).set({ deposit: event.args.deposit });
});

ponder.on('InferenceEscrow:ExitRequested', async ({ event, context }) => {
  const { channelId: id, exitAt } = event.args;
  await context.db.update(channel, { id }).set({ exitAt: exitAt === 0 ? null : exitAt });
});

ponder.on('InferenceEscrow:ChannelWithdrawn', async ({ event, context }) => {
  const { channelId: id, amount } = event.args;
  await context.db.update(channel, { id }).set((row) => ({ deposit: row.deposit - amount, exitAt: null }));
});

ponder.on('InferenceEscrow:SignerChangeRequested', async ({ event, context }) => {
  const { channelId: id, signer: nextSigner, effectiveAt: signerAt } = event.args;
  // A change that took effect before this one was asked for is the present signer.
  await context.db.update(channel, { id }).set((row) => ({
    signer:
      row.nextSigner !== null && row.signerAt !== null && row.signerAt <= event.block.timestamp
        ? row.nextSigner
        : row.signer,
    nextSigner,
    signerAt,
  }));
});
