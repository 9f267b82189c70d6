import { allocate } from '@openledger/sdk/protocol/allocate';
import { evidenceHash, hashQueryVector } from '@openledger/sdk/protocol/attribution';
import { fromHex, sameHex } from '@openledger/sdk/protocol/bytes';
import { contentTree, outputTree, requestHash } from '@openledger/sdk/protocol/content';
import {
  decodeSpan,
  ITEM_KIND,
  type Item,
  influenceEvidence,
  selectEvidence,
} from '@openledger/sdk/protocol/items';
import { type ModelTerms, type Parameters, SCHEME } from '@openledger/sdk/protocol/parameters';
import { hashReceipt } from '@openledger/sdk/protocol/receipts';
import { fromInt8Bytes, influenceScore, type Sketch, sketchesTree } from '@openledger/sdk/protocol/sketch';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { noticeTypedData, recoverReceiptIssuer, type SigningDomain } from '@openledger/sdk/protocol/vouchers';
import { type Address, type Hex, recoverTypedDataAddress } from 'viem';
import type { ReceiptView } from '../../lib/receipts.ts';

/** Everything a check needs; none of it is taken from the node without being compared with the chain. */
export type Evidence = {
  view: ReceiptView;
  /** What this browser asked and got. */
  asked: { question: string; answer: string; salt: Hex };
  /** From the chain. */
  chain: {
    settlement: SigningDomain;
    agentWallet: Address;
    terms: ModelTerms;
    parameters: Parameters;
  };
  /** Loaded from the content store, each checked against its hash. */
  content: {
    sketches: readonly Sketch[];
    contributions: readonly { asset: number; contentRoot: Hex; bytes: Uint8Array }[];
  };
};

/** One thing that was checked, and how it came out. */
export type Check = { name: string; ok: boolean; detail: string };

/** Recomputes a receipt and its attribution from what this browser knows and what is on chain. */
export async function verifyAnswer(evidence: Evidence): Promise<Check[]> {
  const steps: [name: string, check: () => Promise<string> | string][] = [
    ['The receipt is what its id says', () => receiptHash(evidence)],
    ['The receipt is about my question', () => question(evidence)],
    ['The receipt is about this answer', () => answer(evidence)],
    ['The node signed the receipt', () => issuer(evidence)],
    ['Each match is in the contribution', () => matches(evidence)],
    ['Influence is what the sketches give', () => influence(evidence)],
    ['The amounts follow from the evidence', () => amounts(evidence)],
    ['The node signed the attribution', () => notice(evidence)],
  ];
  const checks: Check[] = [];
  for (const [name, check] of steps) {
    try {
      checks.push({ name, ok: true, detail: await check() });
    } catch (error) {
      checks.push({ name, ok: false, detail: error instanceof Error ? error.message : String(error) });
    }
  }
  return checks;
}

function receiptHash({ view }: Evidence): string {
  const hash = hashReceipt(view.receipt);
  require(sameHex(hash, view.hash), `its hash is ${hash}`);
  return hash;
}

function question({ view, asked }: Evidence): string {
  require(view.request !== null, 'the node does not show the request');
  const hash = requestHash(asked.salt, new TextEncoder().encode(view.request!));
  require(sameHex(hash, view.receipt.requestHash), `the request hashes to ${hash}`);
  const messages: unknown = (JSON.parse(view.request!) as { messages?: unknown }).messages;
  const last = Array.isArray(messages) ? (messages.at(-1) as { content?: unknown }) : undefined;
  require(last?.content === asked.question, 'the request holds another question');
  return hash;
}

function answer({ view, asked }: Evidence): string {
  const bytes = new TextEncoder().encode(asked.answer);
  require(bytes.length === view.receipt.outputLength, `the receipt has ${view.receipt.outputLength} bytes`);
  const root = plainRoot(outputTree(asked.salt, bytes));
  require(sameHex(root, view.receipt.outputRoot), `the answer's root is ${root}`);
  return root;
}

async function issuer({ view, chain }: Evidence): Promise<string> {
  const signer = await recoverReceiptIssuer(chain.settlement, view.nodeId, view.hash, view.nodeSignature);
  require(sameHex(signer, chain.agentWallet), `signed by ${signer}, not by the node's wallet`);
  return signer;
}

function matches({ view, asked, chain, content }: Evidence): string {
  const spans = itemsOf(view).filter(({ kind }) => kind === ITEM_KIND.span);
  if ((chain.terms.scheme & SCHEME.span) === 0 || spans.length === 0) return 'no passage is paid for';
  const output = new TextEncoder().encode(asked.answer);
  for (const { asset, evidence } of spans) {
    const { outOff, srcOff, len } = decodeSpan(evidence);
    const source = content.contributions.find((one) => one.asset === asset);
    require(source !== undefined, `contribution ${asset / 4} could not be loaded`);
    const root = plainRoot(contentTree(source!.bytes));
    require(sameHex(root, source!.contentRoot), `contribution ${asset / 4} is not the one on chain`);
    for (let i = 0; i < len; i++) {
      require(output[outOff + i] === source!.bytes[srcOff + i], `byte ${i} of a match differs`);
    }
  }
  return `${spans.length} ${spans.length === 1 ? 'passage' : 'passages'} compared byte for byte`;
}

function influence({ view, chain, content }: Evidence): string {
  const { terms } = chain;
  if ((terms.scheme & SCHEME.influence) === 0) return 'this model does not pay by influence';
  const root = plainRoot(sketchesTree(content.sketches, terms.treeDepth));
  require(sameHex(root, terms.sketchRoot), 'the sketches are not those on chain');
  const vector = view.attribution?.queryVector;
  require(vector != null, 'the node does not show the query vector');
  const query = fromInt8Bytes(fromHex(vector!));
  require(sameHex(hashQueryVector(query), view.attribution!.queryHash), 'the query vector is another one');
  const expected = selectEvidence(
    content.sketches.map((sketch) => influenceEvidence(sketch.asset, influenceScore(sketch, query))),
    terms.scheme,
  );
  const listed = itemsOf(view).filter(({ kind }) => kind === ITEM_KIND.influence);
  const same =
    expected.length === listed.length &&
    expected.every(
      ({ asset, score }, index) => listed[index]!.asset === asset && listed[index]!.score === score,
    );
  require(same, 'other contributions or scores are listed');
  return `${content.sketches.length} contributions scored again`;
}

function amounts({ view, chain }: Evidence): string {
  const items = itemsOf(view);
  const listed = items.filter(({ kind }) => kind <= ITEM_KIND.retrieval);
  const expected = allocate(view.receipt, chain.terms, chain.parameters, listed);
  const same =
    expected.length === items.length &&
    expected.every(
      ({ asset, kind, amount }, index) =>
        items[index]!.asset === asset && items[index]!.kind === kind && items[index]!.amount === amount,
    );
  require(same, 'the shared formula gives other amounts');
  return `${items.length} amounts, to the wei`;
}

async function notice({ view, chain }: Evidence): Promise<string> {
  const attribution = view.attribution;
  require(attribution !== null, 'there is no attribution yet');
  const hash = evidenceHash(view.hash, attribution!.queryHash, itemsOf(view));
  require(sameHex(hash, attribution!.evidenceHash), `the evidence hashes to ${hash}`);
  const signer = await recoverTypedDataAddress({
    ...noticeTypedData(chain.settlement, view.nodeId, view.hash, hash),
    signature: attribution!.noticeSignature,
  });
  require(sameHex(signer, chain.agentWallet), `signed by ${signer}, not by the node's wallet`);
  return signer;
}

function itemsOf(view: ReceiptView): Item[] {
  return (view.attribution?.items ?? []).map(({ asset, kind, score, amount, evidence }) => ({
    asset,
    kind,
    score,
    amount,
    evidence,
  }));
}

function require(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
