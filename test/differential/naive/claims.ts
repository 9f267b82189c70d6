/**
 * A claim over random receipts, as plainly as docs/formats.md says it, kept in parts that a case may falsify before the
 * roots are taken. Shares nothing with ts/sdk or src/.
 */
import { type Hex, keccak256 } from 'viem';
import type { Rng } from '../rng.ts';
import { allocate, type Params, type Terms } from './allocate.ts';
import { attributionLeaves, creditNodes, payoutNodes, sketchLeaves } from './claim-trees.ts';
import * as evidence from './evidence.ts';
import * as naive from './hashes.ts';
import type { Shift } from './nodes.ts';
import { depth, root } from './trees.ts';

export const ZERO: Hex = `0x${'00'.repeat(32)}`;
const NONE: Hex = `0x${'00'.repeat(14)}`;
const GWEI = 10n ** 9n;
export const NO_CREDIT = 0xffffffff;
export const PAYOUTS_DEPTH = 6;
const TREE_DEPTH = 6;

export type Model = Terms & { sketchRoot: Hex; corpusRoot: Hex; treeDepth: number; sigmaCap: number };
export type Sketch = { asset: number; sigma: number; a: number[]; rows: Hex };
export type World = {
  chainId: bigint;
  settlement: Hex;
  nodeId: number;
  models: Model[];
  params: Params;
  sketches: Sketch[];
  /** All that were submitted; a model's corpus has all but the last. */
  contributions: evidence.Contribution[];
  corpus: evidence.Contribution[];
};
export type Attribution = {
  receiptHash: Hex;
  modelId: number;
  fee: bigint;
  queryHash: Hex;
  items: naive.I[];
  creditIndex: number[];
};
export type Voucher = {
  channelId: Hex;
  epoch: number;
  receipts: naive.R[];
  count: number;
  fee: bigint;
  first: number;
  shift?: Shift | undefined;
};
/** What is behind a receipt's roots. */
export type Answer = { salt: Hex; output: string; context: evidence.ContextRow[] };
export type Credit = { receiptNumber: number; item: number; amount: bigint };
export type Payout = {
  asset: number;
  seq: number;
  cumulative: bigint;
  delta: bigint;
  hash: Hex;
  depth: number;
};
export type Draft = {
  claim: naive.C;
  batches: Voucher[][];
  receipts: naive.R[];
  queries: number[][];
  answers: Answer[];
  /** undefined: the pad leaf. */
  attributions: (Attribution | undefined)[];
  credits: Map<number, Credit[]>;
  /** By position in the tree. */
  payouts: Map<number, Payout>;
  recorded: Map<number, bigint>;
  payoutsShift?: Shift | undefined;
  creditsShift?: { asset: number; shift: Shift } | undefined;
  parent?: Draft | undefined;
};

const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
export const scoreOf = ({ sigma, a }: Sketch, query: number[]) => BigInt(sigma) * BigInt(dot(a, query));

/** The first entries are not negative, so that most sketches and queries are alike enough for a positive score. */
const leaning = (entries: number[]) => entries.map((x, i) => (i < 32 && x < 0 ? -1 - x : x));

export function createWorld(random: Rng): World {
  // More than may be listed, and most of them alike enough to have a positive score.
  const sketches = Array.from({ length: 12 }, (_, i) => ({
    asset: 4 * (i + 1),
    sigma: 1 + random.int(1000),
    a: leaning(random.nibbles(512)),
    rows: random.hash(),
  }));
  const sketchRoot = root(sketchLeaves(sketches), TREE_DEPTH, false).hash;
  const shared =
    'the same passage that more than one of them has, word by word, from its first letter to its last';
  const contributions = sketches.map(({ asset }) => evidence.createContribution(random, asset, shared));
  const corpus = contributions.slice(0, -1);
  const corpusRoot = root(evidence.corpusLeaves(corpus), TREE_DEPTH, false).hash;
  const adapter = (scheme: number, baselineRoot: Hex): Model => ({
    parent: 1,
    royaltyBps: random.pick([0, 1000, 5000]),
    scheme,
    baselineRoot,
    sketchRoot,
    corpusRoot,
    treeDepth: TREE_DEPTH,
    sigmaCap: 1000,
  });
  return {
    chainId: 31_337n,
    settlement: `0x${'5e'.repeat(20)}`,
    nodeId: 1 + random.int(1000),
    models: [
      {
        parent: 0,
        royaltyBps: 0,
        scheme: 0,
        baselineRoot: ZERO,
        sketchRoot: ZERO,
        corpusRoot: ZERO,
        treeDepth: 0,
        sigmaCap: 0,
      },
      adapter(3, random.hash()),
      adapter(7, ZERO),
    ],
    params: {
      modelBps: 2000,
      contributorsBps: 4000,
      tauBasePpm: 20_000,
      tauMinPpm: 1_000,
      tauMaxPpm: 200_000,
      feeRef: 10n ** 6n * GWEI,
      mixInfluenceBps: 5000,
      mixSpanBps: 3000,
      mixRetrievalBps: 2000,
    },
    sketches,
    contributions,
    corpus,
  };
}

/** An honest claim after `parent`, over batches of vouchers of receipts. */
export function draftClaim(world: World, random: Rng, parent?: Draft): Draft {
  const firstReceipt = parent ? parent.claim.firstReceipt + parent.claim.receiptCount : 0;
  const batches: Voucher[][] = [];
  const [receipts, queries]: [naive.R[], number[][]] = [[], []];
  const answers: Answer[] = [];
  const listed: evidence.Listing[][] = [];
  for (let b = 0; b < 1 + random.int(2); b++) {
    const vouchers: Voucher[] = [];
    for (let v = 0; v < 1 + random.int(3); v++) {
      const voucher = {
        channelId: random.hash(),
        epoch: random.int(9),
        first: firstReceipt + receipts.length,
      };
      const own = Array.from({ length: 1 + random.int(4) }, (_, position) => {
        const query = leaning(random.int8s(512));
        const answer = {
          salt: random.hash(),
          output: evidence.randomOutput(random, world.corpus),
          context: evidence.randomContext(random, world.contributions),
        };
        const receipt = randomReceipt(world, random, { ...voucher, position }, answer);
        queries.push(query);
        answers.push(answer);
        listed.push(evidenceOf(world, receipt, query, answer));
        return receipt;
      });
      receipts.push(...own);
      vouchers.push({
        ...voucher,
        receipts: own,
        count: own.length,
        fee: own.reduce((sum, r) => sum + r.fee, 0n),
      });
    }
    batches.push(vouchers);
  }
  const attributions = receipts.map((r, i): Attribution => {
    const terms = world.models[r.modelId - 1]!;
    const items = allocate(r, terms, world.params, listed[i]!);
    const queryHash = r.flags === 2 || terms.scheme % 2 === 0 ? ZERO : keccak256(naive.int8s(queries[i]!));
    return {
      receiptHash: naive.receiptHash(r),
      modelId: r.modelId,
      fee: r.fee,
      queryHash,
      items,
      creditIndex: [],
    };
  });
  const fees = receipts.reduce((sum, r) => sum + r.fee, 0n);
  const fromBatch = parent ? parent.claim.toBatch + 1 : 1;
  const claim: naive.C = {
    nodeId: world.nodeId,
    seq: parent ? parent.claim.seq + 1 + random.int(3) : 1,
    parent: parent ? naive.claimId(world.chainId, world.settlement, parent.claim) : ZERO,
    fromBatch,
    toBatch: fromBatch + batches.length - 1,
    firstReceipt,
    receiptCount: receipts.length,
    fees,
    payoutsRoot: ZERO,
    payoutsTotal: (parent?.claim.payoutsTotal ?? 0n) + (fees * 6n) / 10n,
    payoutsDepth: PAYOUTS_DEPTH,
    attributionsRoot: ZERO,
    dataCommitment: random.hash(),
    paramsVersion: 1,
    proposer: world.nodeId,
  };
  const draft: Draft = {
    claim,
    batches,
    receipts,
    queries,
    answers,
    attributions,
    credits: new Map(),
    payouts: new Map(),
    recorded: new Map(),
    parent,
  };
  pay(draft);
  return draft;
}

function randomReceipt(
  world: World,
  random: Rng,
  at: { channelId: Hex; epoch: number; position: number },
  { salt, output, context }: Answer,
): naive.R {
  return {
    channelId: at.channelId,
    epoch: at.epoch,
    position: at.position,
    modelId: random.int(5) === 0 ? 1 : 2 + random.int(world.models.length - 1),
    tokensIn: random.int(1000),
    tokensOut: random.int(1000),
    fee: random.int(9) === 0 ? 0n : (1n + random.bigint(10n ** BigInt(1 + random.int(9)))) * GWEI,
    servedAt: random.int(2 ** 32),
    flags: random.pick([0, 1, 1, 2]),
    requestHash: random.hash(),
    outputRoot: evidence.outputRoot(salt, output),
    outputLength: output.length,
    contextRoot: evidence.contextRoot(context),
  };
}

/** Everything that must be listed of a receipt, in order. */
function evidenceOf(world: World, r: naive.R, query: number[], answer: Answer): evidence.Listing[] {
  const { scheme } = world.models[r.modelId - 1]!;
  if (r.fee === 0n || r.flags === 2) return [];
  const order = (a: evidence.Listing, b: evidence.Listing) =>
    a.score === b.score ? a.asset - b.asset : a.score > b.score ? -1 : 1;
  const listed: evidence.Listing[] = [];
  if (scheme % 2 === 1) {
    const scored = world.sketches.map((s) => ({
      asset: s.asset,
      kind: 0,
      score: scoreOf(s, query),
      evidence: NONE,
    }));
    listed.push(
      ...scored
        .filter(({ score }) => score > 0n)
        .sort(order)
        .slice(0, 8),
    );
  }
  if ((scheme >> 1) % 2 === 1) {
    const matches = world.corpus
      .map(({ asset, content }) => [asset, evidence.longestMatch(answer.output, content)] as const)
      .filter(([, { len }]) => len >= 64);
    listed.push(
      ...matches
        .map(([asset, match]) => evidence.spanListing(asset, match))
        .sort(order)
        .slice(0, 3),
    );
  }
  if ((scheme >> 2) % 2 === 1) {
    listed.push(...evidence.retrievalListings(answer.context).sort(order).slice(0, 2));
  }
  return listed;
}

/** Credits and payouts that fit the items as they are. */
export function pay(x: Draft): void {
  x.credits = new Map();
  x.attributions.forEach((attribution, r) => {
    if (!attribution) return;
    attribution.creditIndex = attribution.items.map(({ asset, amount }, item) => {
      if (amount === 0n) return NO_CREDIT;
      const credits = x.credits.get(asset) ?? [];
      x.credits.set(asset, [...credits, { receiptNumber: x.claim.firstReceipt + r, item, amount }]);
      return credits.length;
    });
  });
  // Copies: what is falsified here does not change the parent.
  x.payouts = new Map([...(x.parent?.payouts ?? [])].map(([asset, leaf]) => [asset, { ...leaf }]));
  for (const [asset, credits] of x.credits) {
    const delta = credits.reduce((sum, { amount }) => sum + amount, 0n);
    const nodes = creditNodes(x, asset);
    const cumulative = (x.parent?.payouts.get(asset)?.cumulative ?? 0n) + delta;
    x.payouts.set(asset, {
      asset,
      seq: x.claim.seq,
      cumulative,
      delta,
      hash: nodes.root.hash,
      depth: nodes.depth,
    });
  }
  x.recorded = new Map([...x.payouts].map(([position, { cumulative }]) => [position, cumulative]));
}

/** Takes the roots. */
export function seal(x: Draft): Draft {
  x.claim.attributionsRoot = root(attributionLeaves(x), depth(x.claim.receiptCount), false).hash;
  x.claim.payoutsRoot = payoutNodes(x).root.hash;
  return x;
}
