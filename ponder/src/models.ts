import { ponder } from 'ponder:registry';
import { checkpoint, model, run } from 'ponder:schema';

ponder.on('ModelRegistry:BaseRegistered', async ({ event, context }) => {
  const { modelId: id, owner, terms } = event.args;
  await context.db.insert(model).values({
    id,
    kind: 'base',
    owner,
    weightsHash: terms.weightsHash,
    tokenizerHash: terms.tokenizerHash,
    licence: terms.licence,
    uri: terms.uri,
    royaltyBps: 0,
    scheme: 0,
    treeDepth: 0,
    sigmaCap: 0,
    datanets: [],
    activation: 0n,
    baseFee: 0n,
    inputPer1k: 0n,
    outputPer1k: 0n,
    bond: 0n,
    earned: 0n,
    baselineReceived: 0n,
    status: 'serving',
    createdAt: Number(event.block.timestamp),
  });
});

ponder.on('ModelRegistry:AdapterPublished', async ({ event, context }) => {
  const { modelId: id, owner, parent, terms, bond } = event.args;
  await context.db.insert(model).values({
    id,
    kind: 'adapter',
    owner,
    parent,
    weightsHash: terms.adapterHash,
    licence: terms.licence,
    uri: terms.uri,
    runId: terms.runId,
    royaltyBps: terms.royaltyBps,
    scheme: terms.scheme,
    treeDepth: terms.treeDepth,
    sigmaCap: terms.sigmaCap,
    sketchRoot: terms.sketchRoot,
    corpusRoot: terms.corpusRoot,
    baselineRoot: terms.baselineRoot,
    basisHash: terms.basisHash,
    datanets: [...terms.datanets],
    activation: 0n,
    baseFee: 0n,
    inputPer1k: 0n,
    outputPer1k: 0n,
    bond,
    earned: 0n,
    baselineReceived: 0n,
    status: 'serving',
    createdAt: Number(event.block.timestamp),
  });
});

ponder.on('ModelRegistry:PricesSet', async ({ event, context }) => {
  await context.db.update(model, { id: event.args.modelId }).set(event.args.prices);
});

ponder.on('ModelRegistry:PublicationBondReclaimed', async ({ event, context }) => {
  await context.db.update(model, { id: event.args.modelId }).set({ bond: 0n });
});

ponder.on('ModelRegistry:ModelSuspended', async ({ event, context }) => {
  await context.db.update(model, { id: event.args.modelId }).set({ status: 'suspended', bond: 0n });
});

ponder.on('ModelRegistry:ModelWithdrawn', async ({ event, context }) => {
  await context.db.update(model, { id: event.args.modelId }).set({ status: 'withdrawn' });
});

ponder.on('ModelRegistry:Transfer', async ({ event, context }) => {
  if (BigInt(event.args.from) === 0n) return; // minted: the registration says more
  await context.db.update(model, { id: Number(event.args.tokenId) }).set({ owner: event.args.to });
});

ponder.on('TrainingLog:RunOpened', async ({ event, context }) => {
  const { runId: id, owner, inputsRoot, inputCount, totalSteps, datanets, uri } = event.args;
  const openedAt = Number(event.block.timestamp);
  await context.db.insert(run).values({
    id,
    owner,
    inputsRoot,
    inputCount,
    totalSteps,
    datanets: [...datanets],
    uri,
    step: 0,
    openedAt,
  });
});

ponder.on('TrainingLog:CheckpointAnchored', async ({ event, context }) => {
  const { runId, step, stepsRoot, checkpointHash } = event.args;
  const anchoredAt = Number(event.block.timestamp);
  await context.db.insert(checkpoint).values({ runId, step, stepsRoot, checkpointHash, anchoredAt });
  await context.db.update(run, { id: runId }).set({ step, stepsRoot, checkpointHash });
});

ponder.on('TrainingLog:RunFinished', async ({ event, context }) => {
  const { runId, adapterHash } = event.args;
  await context.db.update(run, { id: runId }).set({ adapterHash, finishedAt: Number(event.block.timestamp) });
});
