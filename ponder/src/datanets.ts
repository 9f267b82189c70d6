import { ponder } from 'ponder:registry';
import { contribution, curator, datanet } from 'ponder:schema';

const seconds = (block: { timestamp: bigint }) => Number(block.timestamp);

ponder.on('DatanetRegistry:DatanetCreated', async ({ event, context }) => {
  const { datanetId, owner, config } = event.args;
  await context.db.insert(datanet).values({
    id: datanetId,
    owner,
    name: config.name,
    subject: config.subject,
    licences: [...config.licences],
    schema: config.schema,
    mediaType: config.mediaType,
    permissioned: config.permissioned,
    contributionBond: config.contributionBond,
    pricePerRow: config.pricePerRow,
    metadataUri: config.metadataURI,
    metadataHash: config.metadataHash,
    version: `0x${'0'.repeat(64)}`,
    submitted: 0,
    accepted: 0,
    rows: 0,
    createdAt: seconds(event.block),
  });
});

ponder.on('DatanetRegistry:Transfer', async ({ event, context }) => {
  if (BigInt(event.args.from) === 0n) return; // minted: DatanetCreated says more
  await context.db.update(datanet, { id: Number(event.args.tokenId) }).set({ owner: event.args.to });
});

ponder.on('DatanetRegistry:CuratorSet', async ({ event, context }) => {
  const { datanetId, curator: account, allowed } = event.args;
  await context.db.insert(curator).values({ datanetId, account, allowed }).onConflictDoUpdate({ allowed });
});

ponder.on('DatanetRegistry:ContributionSubmitted', async ({ event, context }) => {
  const { contributionId: id, datanetId, contributor, input, bond, committedAt } = event.args;
  await context.db.insert(contribution).values({
    id,
    asset: id * 4,
    datanetId,
    contributor,
    status: 'submitted',
    kind: input.kind,
    refersTo: input.refersTo === 0 ? null : input.refersTo,
    firstRow: input.firstRow,
    licence: input.licence,
    contentRoot: input.contentRoot,
    byteLength: input.byteLength,
    rowsRoot: input.rowsRoot,
    rowCount: input.rowCount,
    sourceHash: input.sourceHash,
    uri: input.uri,
    bond,
    committedAt,
    submittedAt: seconds(event.block),
    earned: 0n,
  });
  await context.db.update(datanet, { id: datanetId }).set((row) => ({ submitted: row.submitted + 1 }));
});

ponder.on('DatanetRegistry:ContributionAccepted', async ({ event, context }) => {
  const { contributionId: id, datanetId, curator: decidedBy, version } = event.args;
  const { rowCount } = await context.db
    .update(contribution, { id })
    .set({ status: 'accepted', decidedBy, decidedAt: seconds(event.block) });
  await context.db.update(datanet, { id: datanetId }).set((row) => ({
    version,
    accepted: row.accepted + 1,
    rows: row.rows + rowCount,
  }));
});

ponder.on('DatanetRegistry:ContributionRejected', async ({ event, context }) => {
  const { contributionId: id, curator: decidedBy, reasonHash } = event.args;
  await context.db
    .update(contribution, { id })
    .set({ status: 'rejected', decidedBy, reasonHash, decidedAt: seconds(event.block) });
});

ponder.on('DatanetRegistry:ContributionExpired', async ({ event, context }) => {
  await context.db
    .update(contribution, { id: event.args.contributionId })
    .set({ status: 'expired', decidedAt: seconds(event.block) });
});

ponder.on('DatanetRegistry:ContributionTombstoned', async ({ event, context }) => {
  const { contributionId: id, datanetId, version } = event.args;
  const { rowCount } = await context.db
    .update(contribution, { id })
    .set({ status: 'tombstoned', decidedAt: seconds(event.block) });
  await context.db
    .update(datanet, { id: datanetId })
    .set((row) => ({ version, accepted: row.accepted - 1, rows: row.rows - rowCount }));
});

ponder.on('DatanetRegistry:ContributionDisplaced', async ({ event, context }) => {
  const { contributionId: id, datanetId, version } = event.args;
  const before = await context.db.find(contribution, { id });
  await context.db.update(contribution, { id }).set({ status: 'duplicate', decidedAt: seconds(event.block) });
  if (before?.status !== 'accepted') return;
  await context.db
    .update(datanet, { id: datanetId })
    .set((row) => ({ version, accepted: row.accepted - 1, rows: row.rows - before.rowCount }));
});

ponder.on('DatanetRegistry:BondForfeited', async ({ event, context }) => {
  await context.db.update(contribution, { id: event.args.contributionId }).set({ bond: 0n });
});

ponder.on('DatanetRegistry:BondReclaimed', async ({ event, context }) => {
  await context.db.update(contribution, { id: event.args.contributionId }).set({ bond: 0n });
});

ponder.on('ContributionToken:Transfer', async ({ event, context }) => {
  await context.db.update(contribution, { id: Number(event.args.tokenId) }).set({ owner: event.args.to });
});
