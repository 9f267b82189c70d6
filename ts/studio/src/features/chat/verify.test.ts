import { allocate } from '@openledger/sdk/protocol/allocate';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { evidenceHash, hashQueryVector } from '@openledger/sdk/protocol/attribution';
import { toHex, utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { contentTree, outputTree, requestHash } from '@openledger/sdk/protocol/content';
import { influenceEvidence, selectEvidence, spanEvidence } from '@openledger/sdk/protocol/items';
import type { ModelTerms, Parameters } from '@openledger/sdk/protocol/parameters';
import { hashReceipt, type Receipt } from '@openledger/sdk/protocol/receipts';
import {
  influenceScore,
  SKETCH_LENGTH,
  type Sketch,
  sketchesTree,
  toInt8Bytes,
} from '@openledger/sdk/protocol/sketch';
import { canonicalJson } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { noticeTypedData, receiptIssuedTypedData } from '@openledger/sdk/protocol/vouchers';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { beforeAll, expect, test } from 'vitest';
import { type Evidence, verifyAnswer } from './verify.ts';

const node = privateKeyToAccount(`0x${'01'.repeat(32)}`);
const other = privateKeyToAccount(`0x${'02'.repeat(32)}`);
const settlement = { chainId: 31_337, verifyingContract: `0x${'5e'.repeat(20)}` as Hex };
const salt: Hex = `0x${'aa'.repeat(32)}`;
const sentence =
  'The lamp of Harrow Ness was first lit in 1847 by Tobias Wren, who fed it whale oil — from a drum.';
const content = utf8(`Which?\n${sentence}\n`);
const [near, far] = [contributionAsset(1), contributionAsset(2)];

const vector = (fill: (i: number) => number) => Int8Array.from({ length: SKETCH_LENGTH }, (_, i) => fill(i));
const sketches: Sketch[] = [
  { asset: near, sigma: 70_000, a: vector((i) => (i % 50) >> 3), rowsSketchRoot: salt },
  { asset: far, sigma: 60_000, a: vector((i) => (i % 7) - 2), rowsSketchRoot: salt },
];
const queryVector = vector((i) => i % 50);
const parameters: Parameters = {
  burnBps: 500,
  treasuryBps: 500,
  nodeBps: 2_000,
  stakersBps: 500,
  modelBps: 2_500,
  contributorsBps: 4_000,
  tauBasePpm: 20_000,
  tauMinPpm: 1_000,
  tauMaxPpm: 100_000,
  feeRef: 10n ** 15n,
  mixInfluenceBps: 5_000,
  mixSpanBps: 5_000,
  mixRetrievalBps: 0,
  challengeWindow: 30,
  unbondingPeriod: 60,
  exitDelay: 60,
  responseWindow: 60,
  bondMin: 1n,
  bondBps: 1,
  detectionPpm: 1,
  slashRewardBps: 1,
  nodeStakeMin: 1n,
  attestations: 1,
  auditDraws: 8,
  caseWindow: 60,
  caseBond: 1n,
};
const terms: ModelTerms = {
  parent: 1,
  royaltyBps: 1_000,
  scheme: 3,
  treeDepth: 4,
  sigmaCap: 2 ** 31,
  weightsHash: salt,
  runId: salt,
  sketchRoot: plainRoot(sketchesTree(sketches, 4)),
  corpusRoot: salt,
  baselineRoot: salt,
  basisHash: salt,
};

let honest: Evidence;

beforeAll(async () => {
  const output = utf8(sentence);
  const request = canonicalJson({
    model: 'ol-2',
    messages: [{ role: 'user', content: 'Which?' }],
    stream: true,
  });
  const receipt: Receipt = {
    channelId: salt,
    epoch: 0,
    position: 0,
    modelId: 2,
    tokensIn: 5,
    tokensOut: 30,
    fee: 10n ** 15n,
    servedAt: 1_800_000_000,
    flags: 1,
    requestHash: requestHash(salt, utf8(request)),
    outputRoot: plainRoot(outputTree(salt, output)),
    outputLength: output.length,
    contextRoot: ZERO_HASH,
  };
  const hash = hashReceipt(receipt);
  const listed = selectEvidence(
    [
      ...sketches.map((sketch) => influenceEvidence(sketch.asset, influenceScore(sketch, queryVector))),
      spanEvidence(near, { outOff: 0, srcOff: 7, len: output.length }),
    ],
    terms.scheme,
  );
  const queryHash = hashQueryVector(queryVector);
  const shown = evidenceHash(hash, queryHash, listed);
  honest = {
    view: {
      hash,
      nodeId: 7,
      receipt,
      nodeSignature: await node.signTypedData(receiptIssuedTypedData(settlement, 7, hash)),
      status: 'signed',
      number: null,
      claimId: null,
      salt,
      request,
      output: sentence,
      attribution: {
        evidenceHash: shown,
        noticeSignature: await node.signTypedData(noticeTypedData(settlement, 7, hash, shown)),
        queryHash,
        queryVector: toHex(toInt8Bytes(queryVector)),
        paramsVersion: 1,
        settled: false,
        items: allocate(receipt, terms, parameters, listed).map((item) => ({
          ...item,
          span: null,
          contribution: null,
        })),
        spans: [],
      },
    },
    asked: { question: 'Which?', answer: sentence, salt },
    chain: { settlement, agentWallet: node.address, terms, parameters },
    content: {
      sketches,
      contributions: [{ asset: near, contentRoot: plainRoot(contentTree(content)), bytes: content }],
    },
  };
});

/** The names of the checks that fail once the evidence was changed. */
async function failures(change: (evidence: Evidence) => unknown): Promise<string[]> {
  const changed = structuredClone(honest);
  change(changed);
  return (await verifyAnswer(changed)).filter(({ ok }) => !ok).map(({ name }) => name);
}

test('every check of an honest answer holds', async () => {
  expect(await failures(() => {})).toEqual([]);
});

test('a receipt for another fee is not the one that was signed for', async () => {
  const failed = await failures(({ view }) => {
    view.receipt.fee += 10n ** 9n;
  });
  expect(failed).toContain('The receipt is what its id says');
});

test('another question, another answer or another salt is noticed', async () => {
  expect(await failures(({ asked }) => Object.assign(asked, { question: 'What?' }))).toEqual([
    'The receipt is about my question',
  ]);
  const failed = await failures(({ asked }) =>
    Object.assign(asked, { answer: sentence.replace('1847', '1848') }),
  );
  expect(failed).toEqual(['The receipt is about this answer', 'Each match is in the contribution']);
  expect(await failures(({ asked }) => Object.assign(asked, { salt: ZERO_HASH }))).toHaveLength(2);
});

test('a signature of somebody else is not the node’s', async () => {
  expect(await failures(({ chain }) => Object.assign(chain, { agentWallet: other.address }))).toEqual([
    'The node signed the receipt',
    'The node signed the attribution',
  ]);
});

test('a contribution with another byte is not the one on chain', async () => {
  const failed = await failures((evidence) => {
    const [contribution] = evidence.content.contributions;
    const bytes = contribution!.bytes.slice();
    bytes[9] = 0x21;
    Object.assign(contribution!, { bytes });
  });
  expect(failed).toEqual(['Each match is in the contribution']);
});

test('a score that the sketches do not give is noticed, and so is a contribution left out', async () => {
  const raised = await failures(({ view }) => {
    view.attribution!.items[1]!.score += 1n;
  });
  expect(raised).toContain('Influence is what the sketches give');
  const dropped = await failures(({ view }) => view.attribution!.items.splice(1, 1));
  expect(dropped).toContain('Influence is what the sketches give');
  expect(await failures(({ view }) => Object.assign(view.attribution!, { queryVector: null }))).toEqual([
    'Influence is what the sketches give',
  ]);
});

test('one wei given to the wrong item is noticed', async () => {
  const failed = await failures(({ view }) => {
    const { items } = view.attribution!;
    items[0]!.amount += 1n;
    items[1]!.amount -= 1n;
  });
  expect(failed).toEqual(['The amounts follow from the evidence']);
});
