/**
 * What every predicate must say of a claim, judged from its parts rather than from a witness, next to the witness that asks
 * the predicate. Shares nothing with ts/sdk or src/.
 */
import {
  concatHex,
  encodeAbiParameters,
  encodePacked,
  type Hex,
  hexToBigInt,
  keccak256,
  sliceHex,
} from 'viem';
import type { Rng } from '../rng.ts';
import { allocate, type Params, type Terms } from './allocate.ts';
import * as claimTrees from './claim-trees.ts';
import * as claims from './claims.ts';
import * as naive from './hashes.ts';
import { evidenceQuestions } from './judge-evidence.ts';
import type { Nodes } from './nodes.ts';
import { proof, root } from './trees.ts';

export const PREDICATES = [
  'Allocation',
  'Credit',
  'Transition',
  'Malformed',
  'Score',
  'Notice',
  'Omission',
  'Span',
  'SpanOmission',
  'Retrieval',
] as const;
export type Question = {
  predicate: (typeof PREDICATES)[number];
  about: string;
  witness: Hex;
  fraud: boolean;
};
type Signer = (digest: Hex) => Promise<Hex>;

export const abi = (types: string, values: unknown[]): Hex =>
  encodeAbiParameters(types.split(' ').map((type) => ({ type })) as never, values as never);
const size = (hex: Hex) => (hex.length - 2) / 2;

/** Trees of claims that are not falsified any more. */
const payoutTrees = new WeakMap<claims.Draft, Nodes>();
function payoutNodes(x: claims.Draft): Nodes {
  if (!payoutTrees.has(x)) payoutTrees.set(x, claimTrees.payoutNodes(x));
  return payoutTrees.get(x)!;
}

/** Every question that can be asked about a claim. */
export async function questions(
  world: claims.World,
  x: claims.Draft,
  sign: Signer,
  random: Rng,
): Promise<Question[]> {
  const all: Question[] = [];
  for (let r = 0; r < x.receipts.length; r++) {
    all.push(allocation(world, x, r));
    const a = x.attributions[r];
    if (!a) continue;
    for (let k = 0; k < a.items.length; k++) {
      const { kind } = a.items[k]!;
      all.push(itemToCredit(x, r, k, a));
      if (kind === 0) all.push(score(world, x, r, k, a));
    }
    all.push(...evidenceQuestions(world, x, r, a, random));
    for (const lie of [false, true]) all.push(await notice(world, x, r, a, lie, sign));
  }
  for (const [position, p] of x.payouts) {
    for (let i = 0; i < (x.credits.get(position)?.length ?? 0); i++)
      all.push(creditToItem(x, position, p, i));
  }
  for (let asset = 0; asset < 2 ** x.claim.payoutsDepth; asset++) all.push(transition(x, asset));
  all.push(...malformed(x));
  return all;
}

function allocation(world: claims.World, x: claims.Draft, r: number): Question {
  const [receipt, a] = [x.receipts[r]!, x.attributions[r]];
  const [batch, index, voucher] = voucherOf(x, r);
  const makeWitness = () =>
    abi('bytes bytes bytes bytes bytes bytes bytes uint32 uint32', [
      a ? claimTrees.attributionPreimage(a) : '0x',
      a ? claimTrees.creditIndexes(a) : '0x',
      claimTrees.attributionPath(x, r),
      naive.receiptPreimage(receipt),
      claimTrees.receiptNodes(voucher).path(0, receipt.position),
      claimTrees.voucherPreimage(voucher),
      proof(claimTrees.voucherLeaves(x.batches[batch]!), depthOf(x.batches[batch]!.length), false, index),
      index,
      x.claim.fromBatch + batch,
    ]);
  return {
    predicate: 'Allocation',
    about: `receipt ${r}`,
    get witness() {
      return makeWitness();
    },
    fraud: !isHonest(world, receipt, a),
  };
}

/** Whether an attribution is what the terms of its receipt's model make of its evidence. */
export function isHonest(
  world: { models: Terms[]; params: Params },
  receipt: naive.R,
  a: claims.Attribution | undefined,
): boolean {
  if (!a || a.receiptHash !== naive.receiptHash(receipt)) return false;
  if (a.modelId !== receipt.modelId || a.fee !== receipt.fee) return false;
  const terms = world.models[receipt.modelId - 1];
  if (!terms || receipt.flags > 2 || a.items.length > 16) return false;
  const noAudit = receipt.flags === 2;
  if ((BigInt(a.queryHash) === 0n) !== (noAudit || terms.scheme % 2 === 0)) return false;
  if (a.items.length !== a.creditIndex.length) return false;
  if (a.items.some(({ amount }, k) => (amount === 0n) !== (a.creditIndex[k] === claims.NO_CREDIT)))
    return false;
  const until = a.items.findIndex(({ kind }) => kind > 2);
  const listed = a.items.slice(0, until === -1 ? a.items.length : until);
  if (noAudit && listed.length > 0) return false;
  for (const [k, item] of listed.entries()) {
    if (item.score <= 0n || Math.floor(terms.scheme / 2 ** item.kind) % 2 === 0) return false;
    const used = [0, 11, 6][item.kind]!;
    if (hexToBigInt(sliceHex(item.evidence, used)) !== 0n) return false;
    if (listed.filter(({ kind }) => kind === item.kind).length > [8, 3, 2][item.kind]!) return false;
    if (listed.some((other, j) => j < k && other.kind === item.kind && other.asset === item.asset))
      return false;
    const last = listed[k - 1];
    if (!last || last.kind < item.kind) continue;
    if (last.kind > item.kind || last.score < item.score) return false;
    if (last.score === item.score && last.asset > item.asset) return false;
  }
  return naive.itemsBytes(allocate(receipt, terms, world.params, listed)) === naive.itemsBytes(a.items);
}

function itemToCredit(x: claims.Draft, r: number, k: number, a: claims.Attribution): Question {
  const { asset, amount } = a.items[k]!;
  const p = x.payouts.get(asset);
  const nodes = claimTrees.creditNodes(x, asset);
  const index = a.creditIndex[k] ?? -1;
  const inside = p !== undefined && index >= 0 && index < 2 ** p.depth;
  const isTree =
    inside && p.hash === nodes.root.hash && p.delta === nodes.root.sum && p.depth === nodes.depth;
  const found = isTree ? nodes.at(0, index) : undefined;
  const number = x.claim.firstReceipt + r;
  const fits = found?.hash === naive.creditLeaf(number, k, amount) && found.sum === amount;
  const makeWitness = () =>
    abi('bool bytes bytes bytes uint32 uint8 bytes bytes bytes bytes uint32', [
      false,
      claimTrees.attributionPreimage(a),
      claimTrees.creditIndexes(a),
      claimTrees.attributionPath(x, r),
      r,
      k,
      p ? claimTrees.payoutPreimage(p) : '0x',
      payoutNodes(x).path(0, asset),
      found ? encodePacked(['bytes32', 'uint96'], [found.hash, found.sum]) : '0x',
      found ? nodes.path(0, index) : '0x',
      0,
    ]);
  const differs = found !== undefined && !fits && adds(nodes, index, found.sum);
  return {
    predicate: 'Credit',
    about: `receipt ${r} item ${k}`,
    get witness() {
      return makeWitness();
    },
    fraud: amount > 0n && index >= 0 && isOpen(x, asset, p) && (p?.seq !== x.claim.seq || !inside || differs),
  };
}

/** Whether a path shows this sum at a leaf: what the tree records on the way up adds up. Else it is for Malformed. */
function adds(nodes: Nodes, index: number, sum: bigint): boolean {
  if (nodes.at(0, index).sum !== sum) return false;
  for (let h = 1; h <= nodes.depth; h++) {
    const i = index >> h;
    if (nodes.at(h, i).sum !== nodes.at(h - 1, 2 * i).sum + nodes.at(h - 1, 2 * i + 1).sum) return false;
  }
  return true;
}

const isOpen = (x: claims.Draft, position: number, p: claims.Payout | undefined) =>
  adds(payoutNodes(x), position, p?.cumulative ?? 0n) && payoutNodes(x).root.sum === x.claim.payoutsTotal;

function creditToItem(x: claims.Draft, position: number, p: claims.Payout, i: number): Question {
  const credit = x.credits.get(position)![i]!;
  const nodes = claimTrees.creditNodes(x, position);
  const r = credit.receiptNumber - x.claim.firstReceipt;
  const outside = r < 0 || r >= x.claim.receiptCount;
  const a = outside ? undefined : x.attributions[r];
  const item = a?.items[credit.item];
  const fits = item?.asset === p.asset && item.amount === credit.amount && a?.creditIndex[credit.item] === i;
  const makeWitness = () =>
    abi('bool bytes bytes bytes uint32 uint8 bytes bytes bytes bytes uint32', [
      true,
      a ? claimTrees.attributionPreimage(a) : '0x',
      a ? claimTrees.creditIndexes(a) : '0x',
      outside ? '0x' : claimTrees.attributionPath(x, r),
      0,
      0,
      claimTrees.payoutPreimage(p),
      payoutNodes(x).path(0, position),
      claimTrees.creditPreimage(credit),
      nodes.path(0, i),
      i,
    ]);
  const opens = isOpen(x, position, p) && position === p.asset;
  const recorded = adds(nodes, i, credit.amount) && nodes.root.sum === p.delta && nodes.root.hash === p.hash;
  return {
    predicate: 'Credit',
    about: `asset ${position} credit ${i}`,
    get witness() {
      return makeWitness();
    },
    fraud: opens && p.seq === x.claim.seq && recorded && !fits,
  };
}

function transition(x: claims.Draft, asset: number): Question {
  const [old, next] = [x.parent?.payouts.get(asset), x.payouts.get(asset)];
  const preimage = (p: claims.Payout | undefined) => (p ? claimTrees.payoutPreimage(p) : '0x');
  const parent = naive.CLAIM_FIELDS.map(([type, name]) => ({ type, name }));
  const types = ['uint40', 'bytes', 'bytes', 'bytes', 'bytes'].map((type) => ({ type }));
  const empty = Object.fromEntries(
    naive.CLAIM_FIELDS.map(([type, name]) => [name, type === 'bytes32' ? claims.ZERO : 0]),
  );
  const makeWitness = () =>
    encodeAbiParameters(
      [...types, { type: 'tuple', components: parent }] as never,
      [
        asset,
        preimage(old),
        x.parent ? payoutNodes(x.parent).path(0, asset) : '0x',
        preimage(next),
        payoutNodes(x).path(0, asset),
        x.parent?.claim ?? empty,
      ] as never,
    );
  const grown = next?.seq === x.claim.seq && next.cumulative === (old?.cumulative ?? 0n) + next.delta;
  return {
    predicate: 'Transition',
    about: `asset ${asset}`,
    get witness() {
      return makeWitness();
    },
    fraud: isOpen(x, asset, next) && preimage(old) !== preimage(next) && !grown,
  };
}

function* malformed(x: claims.Draft): Generator<Question> {
  const ask = (
    tree: number,
    nodes: Nodes,
    where: unknown[],
    isLeaf: (preimage: Hex, sum: bigint, index: number) => boolean,
  ) =>
    Array.from({ length: nodes.depth + 1 }, (_, height) =>
      Array.from({ length: 2 ** (nodes.depth - height) }, (_, index): Question => {
        const { hash, sum, preimage } = nodes.at(height, index);
        const children =
          size(preimage) === 89 &&
          hexToBigInt(sliceHex(preimage, 33, 45)) + hexToBigInt(sliceHex(preimage, 77));
        const makeWitness = () =>
          abi('uint8 uint8 uint40 bytes32 uint96 bytes bytes bytes bytes uint32 uint32 bytes bytes', [
            tree,
            height,
            index,
            hash,
            sum,
            nodes.path(height, index),
            preimage,
            ...where,
          ]);
        const fraud = height === 0 ? !isLeaf(preimage, sum, index) : children !== sum;
        return {
          predicate: 'Malformed',
          about: `tree ${tree} node ${height} ${index}`,
          get witness() {
            return makeWitness();
          },
          fraud,
        };
      }),
    ).flat();

  const paidOut = payoutNodes(x);
  yield* ask(1, paidOut, ['0x', '0x', 0, 0, '0x', '0x'], (preimage, sum, index) => {
    const p = x.payouts.get(index);
    return p ? p.asset === index && p.cumulative === sum : preimage === '0x02' && sum === 0n;
  });
  for (const [position, p] of x.payouts) {
    const nodes = claimTrees.creditNodes(x, position);
    if (p.seq !== x.claim.seq || p.hash !== nodes.root.hash || p.delta !== nodes.root.sum) continue;
    if (!isOpen(x, position, p) || p.asset !== position) continue;
    const where = ['0x', '0x', 0, 0, claimTrees.payoutPreimage(p), paidOut.path(0, position)];
    yield* ask(2, nodes, where, (preimage, sum, index) => {
      const credit = x.credits.get(position)?.[index];
      return credit ? credit.amount === sum : preimage === '0x02' && sum === 0n;
    });
  }
  for (const [b, batch] of x.batches.entries()) {
    for (const [v, voucher] of batch.entries()) {
      const path = proof(claimTrees.voucherLeaves(batch), depthOf(batch.length), false, v);
      const where = [claimTrees.voucherPreimage(voucher), path, v, x.claim.fromBatch + b, '0x', '0x'];
      yield* ask(0, claimTrees.receiptNodes(voucher), where, (preimage, sum, index) => {
        const r = voucher.receipts[index];
        if (!r || index >= voucher.count) return preimage === '0x02' && sum === 0n && index >= voucher.count;
        const placed = r.position === index && r.channelId === voucher.channelId && r.epoch === voucher.epoch;
        return placed && r.fee === sum && r.fee % 10n ** 9n === 0n;
      });
    }
  }
}

function score(world: claims.World, x: claims.Draft, r: number, k: number, a: claims.Attribution): Question {
  const item = a.items[k]!;
  const terms = world.models[a.modelId - 1] ?? world.models[0]!;
  const sketch = world.sketches.find(({ asset }) => asset === item.asset);
  const query = x.queries[r]!;
  const inside = item.asset < 2 ** terms.treeDepth;
  const makeWitness = () =>
    abi('bytes bytes bytes uint32 uint8 bytes bytes bytes', [
      claimTrees.attributionPreimage(a),
      claimTrees.creditIndexes(a),
      claimTrees.attributionPath(x, r),
      r,
      k,
      naive.int8s(query),
      sketch ? claimTrees.sketchPreimage(sketch) : '0x',
      inside ? proof(claimTrees.sketchLeaves(world.sketches), terms.treeDepth, false, item.asset) : '0x',
    ]);
  const isKnown = a.queryHash === keccak256(naive.int8s(query));
  const differs = sketch && isKnown && claims.scoreOf(sketch, query) !== item.score;
  const hasSketches = BigInt(terms.sketchRoot) !== 0n;
  return {
    predicate: 'Score',
    about: `receipt ${r} item ${k}`,
    get witness() {
      return makeWitness();
    },
    fraud: hasSketches && (!sketch || sketch.sigma > terms.sigmaCap || differs === true),
  };
}

async function notice(
  world: claims.World,
  x: claims.Draft,
  r: number,
  a: claims.Attribution,
  lie: boolean,
  sign: Signer,
): Promise<Question> {
  const settled = naive.evidenceHash(a.receiptHash, a.queryHash, a.items);
  const shown = lie ? keccak256(concatHex([settled, '0x01'])) : settled;
  const digest = naive.noticeDigest(world.chainId, world.settlement, world.nodeId, a.receiptHash, shown);
  const witness = abi('bytes bytes32 bytes bytes bytes uint32', [
    await sign(digest),
    shown,
    claimTrees.attributionPreimage(a),
    claimTrees.creditIndexes(a),
    claimTrees.attributionPath(x, r),
    r,
  ]);
  return {
    predicate: 'Notice',
    about: `receipt ${r}`,
    witness,
    fraud: lie && x.claim.proposer === x.claim.nodeId,
  };
}

const depthOf = (count: number) => Math.ceil(Math.log2(Math.max(count, 1)));
export const vouchersRoot = (vouchers: claims.Voucher[]) =>
  root(claimTrees.voucherLeaves(vouchers), depthOf(vouchers.length), false).hash;

function voucherOf(x: claims.Draft, r: number): [number, number, claims.Voucher] {
  const number = x.claim.firstReceipt + r;
  for (const [b, batch] of x.batches.entries()) {
    for (const [v, voucher] of batch.entries()) {
      if (number >= voucher.first && number < voucher.first + voucher.receipts.length) return [b, v, voucher];
    }
  }
  throw new Error(`No voucher has receipt ${number}.`);
}
