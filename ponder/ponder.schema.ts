import { index, onchainTable, primaryKey, relations } from 'ponder';

/**
 * Ids and times are numbers, amounts are wei (strings in GraphQL), hashes and addresses are hex.
 * An asset is `tokenId << 2 | kind`: kind 0 a contribution, 1 a model, 2 a model's baseline; 0 is the treasury.
 */
export const datanet = onchainTable('datanet', (t) => ({
  id: t.int8({ mode: 'number' }).primaryKey(),
  owner: t.hex().notNull(),
  name: t.text().notNull(),
  subject: t.text().notNull(),
  licences: t.text().array().notNull(),
  schema: t.text().notNull(),
  mediaType: t.text().notNull(),
  permissioned: t.boolean().notNull(),
  contributionBond: t.bigint().notNull(),
  pricePerRow: t.bigint().notNull(),
  metadataUri: t.text().notNull(),
  metadataHash: t.hex().notNull(),
  version: t.hex().notNull(),
  submitted: t.integer().notNull(),
  accepted: t.integer().notNull(),
  rows: t.integer().notNull(),
  createdAt: t.int8({ mode: 'number' }).notNull(),
}));

export const curator = onchainTable(
  'curator',
  (t) => ({
    datanetId: t.int8({ mode: 'number' }).notNull(),
    account: t.hex().notNull(),
    allowed: t.boolean().notNull(),
  }),
  (table) => ({ pk: primaryKey({ columns: [table.datanetId, table.account] }) }),
);

export const contribution = onchainTable(
  'contribution',
  (t) => ({
    id: t.int8({ mode: 'number' }).primaryKey(),
    asset: t.int8({ mode: 'number' }).notNull(),
    datanetId: t.int8({ mode: 'number' }).notNull(),
    contributor: t.hex().notNull(),
    /** Who owns the token and earns; null until a curator accepts. */
    owner: t.hex(),
    /** submitted, accepted, rejected, expired, tombstoned (consent withdrawn) or duplicate */
    status: t.text().notNull(),
    kind: t.integer().notNull(),
    /** What a label or validation is about; null for data. */
    refersTo: t.int8({ mode: 'number' }),
    firstRow: t.integer().notNull(),
    licence: t.text().notNull(),
    contentRoot: t.hex().notNull(),
    byteLength: t.int8({ mode: 'number' }).notNull(),
    rowsRoot: t.hex().notNull(),
    rowCount: t.integer().notNull(),
    sourceHash: t.hex().notNull(),
    uri: t.text().notNull(),
    bond: t.bigint().notNull(),
    committedAt: t.int8({ mode: 'number' }).notNull(),
    submittedAt: t.int8({ mode: 'number' }).notNull(),
    decidedAt: t.int8({ mode: 'number' }),
    decidedBy: t.hex(),
    reasonHash: t.hex(),
    earned: t.bigint().notNull(),
  }),
  (table) => ({
    byDatanet: index().on(table.datanetId),
    byOwner: index().on(table.owner),
    byContributor: index().on(table.contributor),
  }),
);

export const model = onchainTable(
  'model',
  (t) => ({
    id: t.int8({ mode: 'number' }).primaryKey(),
    /** base or adapter */
    kind: t.text().notNull(),
    owner: t.hex().notNull(),
    parent: t.int8({ mode: 'number' }),
    weightsHash: t.hex().notNull(),
    tokenizerHash: t.hex(),
    licence: t.text(),
    uri: t.text().notNull(),
    runId: t.hex(),
    royaltyBps: t.integer().notNull(),
    scheme: t.integer().notNull(),
    treeDepth: t.integer().notNull(),
    sigmaCap: t.int8({ mode: 'number' }).notNull(),
    sketchRoot: t.hex(),
    corpusRoot: t.hex(),
    baselineRoot: t.hex(),
    basisHash: t.hex(),
    datanets: t.integer().array().notNull(),
    activation: t.bigint().notNull(),
    baseFee: t.bigint().notNull(),
    inputPer1k: t.bigint().notNull(),
    outputPer1k: t.bigint().notNull(),
    bond: t.bigint().notNull(),
    earned: t.bigint().notNull(),
    baselineReceived: t.bigint().notNull(),
    /** serving, suspended (its publication was proved or judged wrong) or withdrawn */
    status: t.text().notNull(),
    createdAt: t.int8({ mode: 'number' }).notNull(),
  }),
  (table) => ({ byOwner: index().on(table.owner), byParent: index().on(table.parent) }),
);

export const run = onchainTable('run', (t) => ({
  id: t.hex().primaryKey(),
  owner: t.hex().notNull(),
  inputsRoot: t.hex().notNull(),
  inputCount: t.integer().notNull(),
  totalSteps: t.integer().notNull(),
  datanets: t.integer().array().notNull(),
  uri: t.text().notNull(),
  step: t.integer().notNull(),
  stepsRoot: t.hex(),
  checkpointHash: t.hex(),
  adapterHash: t.hex(),
  openedAt: t.int8({ mode: 'number' }).notNull(),
  finishedAt: t.int8({ mode: 'number' }),
}));

export const checkpoint = onchainTable(
  'checkpoint',
  (t) => ({
    runId: t.hex().notNull(),
    step: t.integer().notNull(),
    stepsRoot: t.hex().notNull(),
    checkpointHash: t.hex().notNull(),
    anchoredAt: t.int8({ mode: 'number' }).notNull(),
  }),
  (table) => ({ pk: primaryKey({ columns: [table.runId, table.step] }) }),
);

export const agent = onchainTable('agent', (t) => ({
  id: t.int8({ mode: 'number' }).primaryKey(),
  owner: t.hex().notNull(),
  uri: t.text().notNull(),
  /** Acts for the agent; null: the owner does. */
  wallet: t.hex(),
  stake: t.bigint().notNull(),
  bonded: t.bigint().notNull(),
  unbonding: t.bigint().notNull(),
  slashed: t.bigint().notNull(),
  earned: t.bigint().notNull(),
  registeredAt: t.int8({ mode: 'number' }).notNull(),
}));

/** An agent's stake in one role: 0 node, 1 curator, 2 validator. The agent's own figures are the sums. */
export const stake = onchainTable(
  'stake',
  (t) => ({
    agentId: t.int8({ mode: 'number' }).notNull(),
    role: t.integer().notNull(),
    amount: t.bigint().notNull(),
    unbonding: t.bigint().notNull(),
    unbondAt: t.int8({ mode: 'number' }),
    slashed: t.bigint().notNull(),
    /** Cases that hold it. */
    freezes: t.integer().notNull(),
  }),
  (table) => ({ pk: primaryKey({ columns: [table.agentId, table.role] }) }),
);

export const channel = onchainTable(
  'channel',
  (t) => ({
    id: t.hex().primaryKey(),
    consumer: t.hex().notNull(),
    signer: t.hex().notNull(),
    /** Signs from `signerAt` on; null: no change was asked for. */
    nextSigner: t.hex(),
    signerAt: t.int8({ mode: 'number' }),
    nodeId: t.int8({ mode: 'number' }).notNull(),
    nonce: t.hex().notNull(),
    /** Everything deposited less what was withdrawn. */
    deposit: t.bigint().notNull(),
    settled: t.bigint().notNull(),
    epoch: t.integer().notNull(),
    exitAt: t.int8({ mode: 'number' }),
    openedAt: t.int8({ mode: 'number' }).notNull(),
  }),
  (table) => ({ byConsumer: index().on(table.consumer), byNode: index().on(table.nodeId) }),
);

export const batch = onchainTable(
  'batch',
  (t) => ({
    nodeId: t.int8({ mode: 'number' }).notNull(),
    number: t.integer().notNull(),
    vouchersRoot: t.hex().notNull(),
    firstReceipt: t.int8({ mode: 'number' }).notNull(),
    receiptCount: t.integer().notNull(),
    fees: t.bigint().notNull(),
    paramsVersion: t.integer().notNull(),
    redeemedAt: t.int8({ mode: 'number' }).notNull(),
    transactionHash: t.hex().notNull(),
  }),
  (table) => ({ pk: primaryKey({ columns: [table.nodeId, table.number] }) }),
);

export const voucher = onchainTable(
  'voucher',
  (t) => ({
    channelId: t.hex().notNull(),
    epoch: t.integer().notNull(),
    nodeId: t.int8({ mode: 'number' }).notNull(),
    batch: t.integer().notNull(),
    receiptsRoot: t.hex().notNull(),
    receiptCount: t.integer().notNull(),
    firstReceipt: t.int8({ mode: 'number' }).notNull(),
    fee: t.bigint().notNull(),
    redeemedAt: t.int8({ mode: 'number' }).notNull(),
  }),
  (table) => ({
    pk: primaryKey({ columns: [table.channelId, table.epoch] }),
    byBatch: index().on(table.nodeId, table.batch),
  }),
);

export const claim = onchainTable(
  'claim',
  (t) => ({
    id: t.hex().primaryKey(),
    nodeId: t.int8({ mode: 'number' }).notNull(),
    seq: t.integer().notNull(),
    parent: t.hex().notNull(),
    fromBatch: t.integer().notNull(),
    toBatch: t.integer().notNull(),
    firstReceipt: t.int8({ mode: 'number' }).notNull(),
    receiptCount: t.integer().notNull(),
    fees: t.bigint().notNull(),
    payoutsRoot: t.hex().notNull(),
    payoutsTotal: t.bigint().notNull(),
    payoutsDepth: t.integer().notNull(),
    attributionsRoot: t.hex().notNull(),
    dataCommitment: t.hex().notNull(),
    paramsVersion: t.integer().notNull(),
    proposer: t.int8({ mode: 'number' }).notNull(),
    /** proposed, final, rejected or vetoed. A proposed claim whose window is over is final even before it is recorded. */
    status: t.text().notNull(),
    /** When the window ends, by the parameters it was proposed under. */
    end: t.int8({ mode: 'number' }).notNull(),
    /** Where the tree dump is, e.g. store:0x… */
    locator: t.text(),
    proposedAt: t.int8({ mode: 'number' }).notNull(),
    transactionHash: t.hex().notNull(),
  }),
  (table) => ({ byNode: index().on(table.nodeId) }),
);

export const fraudProof = onchainTable(
  'fraud_proof',
  (t) => ({
    claimId: t.hex().primaryKey(),
    nodeId: t.int8({ mode: 'number' }).notNull(),
    predicate: t.hex().notNull(),
    rewardTo: t.hex().notNull(),
    reward: t.bigint().notNull(),
    burned: t.bigint().notNull(),
    provenAt: t.int8({ mode: 'number' }).notNull(),
    transactionHash: t.hex().notNull(),
  }),
  (table) => ({ byNode: index().on(table.nodeId) }),
);

export const payout = onchainTable(
  'payout',
  (t) => ({
    id: t.text().primaryKey(),
    /** asset: from a final claim; node: a node's share; baseline: a contribution's part of a model's baseline */
    kind: t.text().notNull(),
    nodeId: t.int8({ mode: 'number' }),
    modelId: t.int8({ mode: 'number' }),
    asset: t.int8({ mode: 'number' }),
    payee: t.hex().notNull(),
    amount: t.bigint().notNull(),
    cumulative: t.bigint(),
    paidAt: t.int8({ mode: 'number' }).notNull(),
    transactionHash: t.hex().notNull(),
  }),
  (table) => ({ byPayee: index().on(table.payee), byAsset: index().on(table.asset) }),
);

export const flush = onchainTable('flush', (t) => ({
  id: t.text().primaryKey(),
  burned: t.bigint().notNull(),
  treasury: t.bigint().notNull(),
  stakers: t.bigint().notNull(),
  flushedAt: t.int8({ mode: 'number' }).notNull(),
  transactionHash: t.hex().notNull(),
}));

export const parametersVersion = onchainTable('parameters_version', (t) => ({
  version: t.integer().primaryKey(),
  burnBps: t.integer().notNull(),
  treasuryBps: t.integer().notNull(),
  nodeBps: t.integer().notNull(),
  stakersBps: t.integer().notNull(),
  modelBps: t.integer().notNull(),
  contributorsBps: t.integer().notNull(),
  tauBasePpm: t.integer().notNull(),
  tauMinPpm: t.integer().notNull(),
  tauMaxPpm: t.integer().notNull(),
  feeRef: t.bigint().notNull(),
  mixInfluenceBps: t.integer().notNull(),
  mixSpanBps: t.integer().notNull(),
  mixRetrievalBps: t.integer().notNull(),
  challengeWindow: t.integer().notNull(),
  unbondingPeriod: t.integer().notNull(),
  exitDelay: t.integer().notNull(),
  bondMin: t.bigint().notNull(),
  bondBps: t.integer().notNull(),
  detectionPpm: t.integer().notNull(),
  slashRewardBps: t.integer().notNull(),
  nodeStakeMin: t.bigint().notNull(),
  setAt: t.int8({ mode: 'number' }).notNull(),
}));

export const proposal = onchainTable('proposal', (t) => ({
  /** The governor's 256-bit id, in decimals. */
  id: t.bigint().primaryKey(),
  proposer: t.hex().notNull(),
  description: t.text().notNull(),
  targets: t.hex().array().notNull(),
  values: t.bigint().array().notNull(),
  calldatas: t.hex().array().notNull(),
  voteStart: t.int8({ mode: 'number' }).notNull(),
  voteEnd: t.int8({ mode: 'number' }).notNull(),
  /** proposed, queued, executed or canceled; whether a proposed one is pending, active or defeated is a matter of time */
  status: t.text().notNull(),
  eta: t.int8({ mode: 'number' }),
  executedAt: t.int8({ mode: 'number' }),
  forVotes: t.bigint().notNull(),
  againstVotes: t.bigint().notNull(),
  abstainVotes: t.bigint().notNull(),
  proposedAt: t.int8({ mode: 'number' }).notNull(),
}));

export const vote = onchainTable(
  'vote',
  (t) => ({
    proposalId: t.bigint().notNull(),
    voter: t.hex().notNull(),
    /** 0 against, 1 for, 2 abstain */
    support: t.integer().notNull(),
    weight: t.bigint().notNull(),
    reason: t.text().notNull(),
    castAt: t.int8({ mode: 'number' }).notNull(),
  }),
  (table) => ({ pk: primaryKey({ columns: [table.proposalId, table.voter] }) }),
);

export const datanetRelations = relations(datanet, ({ many }) => ({
  contributions: many(contribution),
  curators: many(curator),
}));
export const curatorRelations = relations(curator, ({ one }) => ({
  datanet: one(datanet, { fields: [curator.datanetId], references: [datanet.id] }),
}));
export const contributionRelations = relations(contribution, ({ one }) => ({
  datanet: one(datanet, { fields: [contribution.datanetId], references: [datanet.id] }),
}));
export const modelRelations = relations(model, ({ one }) => ({
  run: one(run, { fields: [model.runId], references: [run.id] }),
}));
export const runRelations = relations(run, ({ many }) => ({
  checkpoints: many(checkpoint),
  models: many(model),
}));
export const checkpointRelations = relations(checkpoint, ({ one }) => ({
  run: one(run, { fields: [checkpoint.runId], references: [run.id] }),
}));
export const agentRelations = relations(agent, ({ many }) => ({
  stakes: many(stake),
  channels: many(channel),
  batches: many(batch),
  claims: many(claim),
}));
export const stakeRelations = relations(stake, ({ one }) => ({
  agent: one(agent, { fields: [stake.agentId], references: [agent.id] }),
}));
export const channelRelations = relations(channel, ({ one, many }) => ({
  node: one(agent, { fields: [channel.nodeId], references: [agent.id] }),
  vouchers: many(voucher),
}));
export const batchRelations = relations(batch, ({ one }) => ({
  node: one(agent, { fields: [batch.nodeId], references: [agent.id] }),
}));
export const voucherRelations = relations(voucher, ({ one }) => ({
  channel: one(channel, { fields: [voucher.channelId], references: [channel.id] }),
}));
export const claimRelations = relations(claim, ({ one }) => ({
  node: one(agent, { fields: [claim.nodeId], references: [agent.id] }),
  fraudProof: one(fraudProof, { fields: [claim.id], references: [fraudProof.claimId] }),
}));
export const proposalRelations = relations(proposal, ({ many }) => ({ votes: many(vote) }));
export const voteRelations = relations(vote, ({ one }) => ({
  proposal: one(proposal, { fields: [vote.proposalId], references: [proposal.id] }),
}));
