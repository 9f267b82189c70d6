/** A small random protocol history for tests: models with sketches, channels, receipts, batches, claims. */
import type { Hex } from 'viem';
import { type Rng, rng } from '../../../test/differential/rng.ts';
import { contributionAsset } from '../src/protocol/assets.ts';
import { fromUtf8, keccak, utf8, ZERO_HASH } from '../src/protocol/bytes.ts';
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
import {
  contentTree,
  outputTree,
  type Row,
  requestHash,
  rowsTree,
  splitRows,
} from '../src/protocol/content.ts';
import { type ContextRow, contextRoot, retrievalEvidence } from '../src/protocol/context.ts';
import { corpusTree } from '../src/protocol/corpus.ts';
import { encodeContributionInput } from '../src/protocol/datanet.ts';
import { influenceEvidence, MAX_SPAN, MIN_SPAN, type Span, spanEvidence } from '../src/protocol/items.ts';
import type { CorpusContent, FraudContext, SubmittedContribution } from '../src/protocol/open-claim.ts';
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
  responseWindow: 60,
  bondMin: 10n ** 18n,
  bondBps: 10_000,
  detectionPpm: 966_000,
  slashRewardBps: 5000,
  nodeStakeMin: 10n ** 18n,
  attestations: 1,
  auditDraws: 8,
  caseWindow: 60,
  caseBond: 1n,
};

export type Model = { id: number; terms: ModelTerms; sketches: Sketch[]; corpus: CorpusContent[] };
export type World = {
  random: Rng;
  /** By asset. */
  submitted: Map<number, SubmittedContribution>;
  models: Model[];
  nodeId: number;
  epochs: Map<Hex, { epoch: number; settled: bigint }>;
};

export function createWorld(seed: number): World {
  const random = rng(seed);
  const models = [1, 2, 3].map((id) => randomModel(random, id));
  const channels = Array.from({ length: 3 }, () => [random.hash(), { epoch: 0, settled: 0n }] as const);
  const contents = models.flatMap(({ corpus }) => corpus);
  const submitted = new Map(contents.map(({ asset, bytes }) => [asset, submit(random, bytes)]));
  return { random, models, submitted, nodeId: 1 + random.int(99), epochs: new Map(channels) };
}

const WORDS = ['tide', 'harbour', 'lamp', 'keeper', 'storm', 'bell', 'rope', 'winter', 'ferry', 'stone'];
const sentence = (random: Rng, length: number) => Array.from({ length }, () => random.pick(WORDS)).join(' ');

function randomContent(random: Rng): Uint8Array {
  const rows = Array.from({ length: 1 + random.int(4) }, () => sentence(random, 8 + random.int(30)));
  return utf8(rows.join('\n\n'));
}

function submit(random: Rng, bytes: Uint8Array): SubmittedContribution {
  const rows: Row[] = splitRows(bytes);
  const input = encodeContributionInput({
    datanetId: 1,
    contentRoot: plainRoot(contentTree(bytes)),
    byteLength: bytes.length,
    rowsRoot: plainRoot(rowsTree(rows)),
    rowCount: rows.length,
    kind: 0,
    refersTo: 0,
    firstRow: 0,
    licence: 'CC0-1.0',
    sourceHash: random.hash(),
    uri: `store:${random.hash()}`,
  });
  return { input, rows };
}

/** The longest match by trying every pair of places; of equal ones the first in the answer, then in the content. */
export function longestMatch(output: Uint8Array, content: Uint8Array): Span {
  let best: Span = { outOff: 0, srcOff: 0, len: 0 };
  let after = new Uint16Array(content.length + 1);
  for (let outOff = output.length - 1; outOff >= 0; outOff--) {
    const here = new Uint16Array(content.length + 1);
    for (let srcOff = content.length - 1; srcOff >= 0; srcOff--) {
      if (output[outOff] !== content[srcOff]) continue;
      const len = Math.min(after[srcOff + 1]! + 1, MAX_SPAN);
      here[srcOff] = len;
      if (len >= best.len) best = { outOff, srcOff, len };
    }
    after = here;
  }
  return best;
}

/** Per content its longest match, if it is long enough. */
export function matchesOf(
  corpus: readonly CorpusContent[],
  output: Uint8Array,
): (Span & { asset: number })[] {
  return corpus
    .map(({ asset, bytes }) => ({ asset, ...longestMatch(output, bytes) }))
    .filter(({ len }) => len >= MIN_SPAN);
}

/** Model 1 is a base, 2 pays by influence and spans with a baseline, 3 by anything and without. */
function randomModel(random: Rng, id: number): Model {
  const contributions = Array.from({ length: 2 + random.int(10) }, (_, index) =>
    contributionAsset(1 + 3 * index + random.int(3)),
  );
  const sketches = contributions.map((asset) => ({
    asset,
    sigma: 1 + random.int(5000),
    a: Int8Array.from(random.nibbles(512)),
    rowsSketchRoot: random.hash(),
  }));
  const treeDepth = sparseDepth(contributions);
  const isBase = id === 1;
  const corpus = contributions.map((asset) => ({ asset, bytes: randomContent(random) }));
  const entries = corpus.map(({ asset, bytes }) => ({
    asset,
    contentRoot: plainRoot(contentTree(bytes)),
    byteLength: bytes.length,
  }));
  return {
    id,
    sketches: isBase ? [] : sketches,
    corpus: isBase ? [] : corpus,
    terms: {
      parent: isBase ? 0 : 1,
      royaltyBps: isBase ? 0 : 500 * id,
      scheme: isBase ? 0 : id === 2 ? 3 : 7,
      treeDepth: isBase ? 0 : treeDepth,
      sigmaCap: isBase ? 0 : 5000,
      weightsHash: random.hash(),
      runId: isBase ? ZERO_HASH : random.hash(),
      sketchRoot: isBase ? ZERO_HASH : plainRoot(sketchesTree(sketches, treeDepth)),
      corpusRoot: isBase ? ZERO_HASH : plainRoot(corpusTree(entries, treeDepth)),
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

/** An answer that quotes some of the corpus. */
function randomOutput(random: Rng, corpus: readonly CorpusContent[]): Uint8Array {
  const quotes = Array.from({ length: corpus.length === 0 ? 0 : random.int(5) }, () => {
    const text = fromUtf8(random.pick(corpus).bytes);
    const from = random.int(text.length);
    return text.slice(from, from + 50 + random.int(250));
  });
  return utf8([sentence(random, 20), ...quotes].join(' So it is said: '));
}

function randomContext({ random, submitted }: World): ContextRow[] {
  const all = [...submitted];
  return Array.from({ length: random.int(2) * random.int(6) }, () => {
    const [asset, { rows }] = random.pick(all);
    const row = random.pick(rows);
    return { asset, row: row.row, score: 1n + random.bigint(1000n), bytesHash: keccak(row.bytes) };
  });
}

function randomReceipt(world: World, channelId: Hex, epoch: number, position: number): AttributedReceipt {
  const { random, models } = world;
  const model = random.pick(models);
  const salt = random.hash();
  const output = randomOutput(random, model.corpus);
  const context = randomContext(world);
  const request = utf8(`{"model":"${model.id}"}`);
  const queryVector = Int8Array.from(random.int8s(512));
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
    contextRoot: contextRoot(context),
  };
  if (flags === 2) return { receipt, evidence: [], context, queryVector };
  const spans = matchesOf(model.corpus, output).map((match) => spanEvidence(match.asset, match));
  const influences = model.sketches.map((sketch) =>
    influenceEvidence(sketch.asset, influenceScore(sketch, queryVector)),
  );
  const evidence = [...influences, ...spans, ...retrievalEvidence(context)];
  return { receipt, evidence, context, queryVector, opening: { salt, request, output } };
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
    corpus: (modelId) => world.models[modelId - 1]?.corpus,
    matches: (modelId, output) => matchesOf(world.models[modelId - 1]!.corpus, output),
    contribution: (asset) => world.submitted.get(asset) ?? { input: new Uint8Array(0), rows: [] },
  };
}
