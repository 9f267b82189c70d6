/** A small random protocol history for tests: models with sketches, channels, receipts, batches, claims. */
import type { Hex } from 'viem';
import { type Rng, rng } from '../../../test/differential/rng.ts';
import { contributionAsset } from '../src/protocol/assets.ts';
import { fromHex, utf8, ZERO_HASH } from '../src/protocol/bytes.ts';
import {
  type AttributedReceipt,
  type BatchRecord,
  type BuiltClaim,
  buildClaim,
  type ClaimInput,
  NOTHING_SETTLED,
  nextBatch,
  type SettledState,
} from '../src/protocol/claims.ts';
import { outputTree, requestHash } from '../src/protocol/content.ts';
import { influenceEvidence, spanEvidence } from '../src/protocol/items.ts';
import type { FraudContext } from '../src/protocol/open-claim.ts';
import type { ModelTerms, Parameters } from '../src/protocol/parameters.ts';
import { GWEI, type Receipt, receiptsTree } from '../src/protocol/receipts.ts';
import { influenceScore, type Sketch, sketchesTree } from '../src/protocol/sketch.ts';
import { plainRoot, sparseDepth, sumRoot } from '../src/protocol/trees.ts';

export const DOMAIN = { chainId: 31_337, settlement: `0x${'5e'.repeat(20)}` as Hex };

export const PARAMETERS: Parameters = {
  burnBps: 500,
  treasuryBps: 500,
  nodeBps: 2000,
  stakersBps: 1000,
  modelBps: 2000,
  contributorsBps: 4000,
  tauBasePpm: 50_000,
  tauMinPpm: 1_000,
  tauMaxPpm: 500_000,
  feeRef: 1_000_000n * GWEI,
  mixInfluenceBps: 5000,
  mixSpanBps: 3000,
  mixRetrievalBps: 2000,
  challengeWindow: 30,
  unbondingPeriod: 3600,
  exitDelay: 60,
  bondMin: 10n ** 18n,
  bondBps: 10_000,
  detectionPpm: 966_000,
  slashRewardBps: 5000,
  nodeStakeMin: 10n ** 18n,
};

export type Model = { id: number; terms: ModelTerms; sketches: Sketch[] };
export type World = {
  random: Rng;
  models: Model[];
  nodeId: number;
  epochs: Map<Hex, { epoch: number; settled: bigint }>;
};

export function createWorld(seed: number): World {
  const random = rng(seed);
  const models = [1, 2, 3].map((id) => randomModel(random, id));
  const channels = Array.from({ length: 3 }, () => [random.hash(), { epoch: 0, settled: 0n }] as const);
  return { random, models, nodeId: 1 + random.int(99), epochs: new Map(channels) };
}

/** Model 1 is a base, 2 pays by influence and spans with a baseline, 3 by anything and without. */
function randomModel(random: Rng, id: number): Model {
  const contributions = Array.from({ length: 2 + random.int(10) }, (_, index) =>
    contributionAsset(1 + 3 * index + random.int(3)),
  );
  const sketches = contributions.map((asset) => ({
    asset,
    sigma: 1 + random.int(5000),
    a: Int8Array.from(random.int8s(256)),
    rowsSketchRoot: random.hash(),
  }));
  const treeDepth = sparseDepth(contributions);
  const isBase = id === 1;
  return {
    id,
    sketches: isBase ? [] : sketches,
    terms: {
      parent: isBase ? 0 : 1,
      royaltyBps: isBase ? 0 : 500 * id,
      scheme: isBase ? 0 : id === 2 ? 3 : 7,
      treeDepth: isBase ? 0 : treeDepth,
      sigmaCap: isBase ? 0 : 5000,
      weightsHash: random.hash(),
      runId: isBase ? ZERO_HASH : random.hash(),
      sketchRoot: isBase ? ZERO_HASH : plainRoot(sketchesTree(sketches, treeDepth)),
      corpusRoot: isBase ? ZERO_HASH : random.hash(),
      baselineRoot: id === 2 ? random.hash() : ZERO_HASH,
      basisHash: isBase ? ZERO_HASH : random.hash(),
    },
  };
}

/** Answers for every channel, and the vouchers that a node would redeem for them. */
export function randomBatch(
  world: World,
  node: { batches: number; nextReceipt: number },
): { batch: BatchRecord; receipts: AttributedReceipt[] } {
  const { random } = world;
  const receipts: AttributedReceipt[] = [];
  const vouchers = [...world.epochs].map(([channelId, channel]) => {
    const answers = Array.from({ length: 1 + random.int(4) }, (_, position) =>
      randomReceipt(world, channelId, channel.epoch, position),
    );
    receipts.push(...answers);
    const root = sumRoot(receiptsTree(answers.map(({ receipt }) => receipt)));
    const voucher = {
      channelId,
      epoch: channel.epoch,
      settledFee: channel.settled,
      cumulativeFee: channel.settled + root.sum,
      receiptsRoot: root.hash,
      receiptCount: answers.length,
    };
    world.epochs.set(channelId, { epoch: channel.epoch + 1, settled: voucher.cumulativeFee });
    return voucher;
  });
  return { batch: nextBatch(node, 1, vouchers), receipts };
}

function randomReceipt(
  { random, models }: World,
  channelId: Hex,
  epoch: number,
  position: number,
): AttributedReceipt {
  const model = random.pick(models);
  const salt = random.hash();
  const output = fromHex(random.bytes(200 + random.int(300)));
  const request = utf8(`{"model":"${model.id}"}`);
  const queryVector = Int8Array.from(random.int8s(256));
  const flags = random.int(8) === 0 ? 2 : 1;
  const receipt: Receipt = {
    channelId,
    epoch,
    position,
    modelId: model.id,
    tokensIn: random.int(100),
    tokensOut: random.int(100),
    fee: random.int(12) === 0 ? 0n : (1n + random.bigint(10n ** 7n)) * GWEI,
    servedAt: 1_800_000_000 + random.int(10_000),
    flags,
    requestHash: requestHash(salt, request),
    outputRoot: plainRoot(outputTree(salt, output)),
    outputLength: output.length,
    contextRoot: ZERO_HASH,
  };
  if (flags === 2) return { receipt, evidence: [], queryVector };
  const spans = model.sketches.slice(0, random.int(4)).map(({ asset }) => {
    const len = 64 + random.int(100);
    return spanEvidence(asset, { outOff: random.int(output.length - len), srcOff: random.int(9999), len });
  });
  const influences = model.sketches.map((sketch) =>
    influenceEvidence(sketch.asset, influenceScore(sketch, queryVector)),
  );
  return { receipt, evidence: [...influences, ...spans], queryVector, opening: { salt, request, output } };
}

/** The next claim over `count` new batches. */
export function randomClaim(
  world: World,
  parent: SettledState = NOTHING_SETTLED,
  count = 1,
): { input: ClaimInput; built: BuiltClaim } {
  const node = {
    batches: parent.claim.toBatch,
    nextReceipt: parent.claim.firstReceipt + parent.claim.receiptCount,
  };
  const batches: BatchRecord[] = [];
  const receipts: AttributedReceipt[] = [];
  for (let index = 0; index < count; index++) {
    const next = randomBatch(world, node);
    batches.push(next.batch);
    receipts.push(...next.receipts);
    node.batches += 1;
    node.nextReceipt += next.batch.receiptCount;
  }
  const input: ClaimInput = {
    domain: DOMAIN,
    nodeId: world.nodeId,
    proposer: world.nodeId,
    seq: parent.claim.seq + 1,
    parent,
    batches,
    receipts,
    parameters: PARAMETERS,
    terms: (modelId) => world.models[modelId - 1]!.terms,
  };
  return { input, built: buildClaim(input) };
}

/** What a watcher would know about a claim. */
export function contextOf(
  world: World,
  input: ClaimInput,
  built: BuiltClaim,
  withDump: boolean,
): FraudContext & { domain: typeof DOMAIN } {
  return {
    domain: DOMAIN,
    claim: built.claim,
    claimData: built.claimData,
    dump: withDump ? built.trees : undefined,
    parent: input.parent,
    batches: input.batches,
    parameters: input.parameters,
    terms: (modelId) => world.models[modelId - 1]?.terms,
    sketches: (modelId) => world.models[modelId - 1]?.sketches,
  };
}
