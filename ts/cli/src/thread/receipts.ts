import { setTimeout as sleep } from 'node:timers/promises';
import type { CitedRow } from '@openledger/sdk/protocol/context';
import type { Item } from '@openledger/sdk/protocol/items';
import type { Receipt } from '@openledger/sdk/protocol/receipts';
import type { Hex } from 'viem';
import { CliError } from '../error.ts';
import { nodeJson, type ThreadContext } from './context.ts';

/** A receipt with its attribution, as `GET /v1/receipts/:id` tells it. Amounts are bigint here. */
export type ReceiptView = {
  id: Hex;
  nodeId: number;
  nodeSignature: Hex;
  receipt: Receipt;
  status: 'unsigned' | 'signed' | 'redeemed' | 'claimed' | 'final';
  claimId: Hex | null;
  number: number | null;
  salt: Hex | null;
  request: string | null;
  output: string | null;
  /** The rows that were placed in the prompt; null where request and answer are private. */
  citations: CitedRow[] | null;
  attribution: {
    evidenceHash: Hex;
    noticeSignature: Hex;
    queryHash: Hex;
    queryVector: Hex | null;
    paramsVersion: number;
    items: Item[];
  };
};

const PATIENCE_MS = 60_000;

/** Waits until the node has attributed an answer. */
export async function attributed(context: Pick<ThreadContext, 'config'>, id: Hex): Promise<ReceiptView> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const raw = await nodeJson<RawView>(context, `/v1/receipts/${id}`);
    if (raw.attribution !== null) return parse(raw);
    if (Date.now() > until)
      throw new CliError(`The node has not attributed ${id} within ${PATIENCE_MS / 1000} s.`);
    await sleep(200);
  }
}

/** A receipt that is attributed, as the node tells it. */
export async function receiptText(context: Pick<ThreadContext, 'config'>, id: Hex): Promise<string> {
  await attributed(context, id);
  return JSON.stringify(await nodeJson(context, `/v1/receipts/${id}`));
}

type RawItem = Omit<Item, 'score' | 'amount'> & { score: string; amount: string };
type RawView = Omit<ReceiptView, 'receipt' | 'attribution' | 'citations'> & {
  receipt: Omit<Receipt, 'fee'> & { fee: string };
  citations?: (Omit<CitedRow, 'score'> & { score: string })[] | null;
  attribution: (Omit<ReceiptView['attribution'], 'items'> & { items: RawItem[] }) | null;
};

function parse(raw: RawView): ReceiptView {
  if (raw.attribution === null) throw new CliError(`The receipt ${raw.id} is not attributed yet.`);
  const items = raw.attribution.items.map(({ asset, kind, score, amount, evidence }) => ({
    asset,
    kind,
    score: BigInt(score),
    amount: BigInt(amount),
    evidence,
  }));
  return {
    ...raw,
    receipt: { ...raw.receipt, fee: BigInt(raw.receipt.fee) },
    citations: raw.citations?.map((one) => ({ ...one, score: BigInt(one.score) })) ?? null,
    attribution: { ...raw.attribution, items },
  };
}

/** Reads a receipt view that was saved to a file. */
export function parseReceiptView(text: string): ReceiptView {
  return parse(JSON.parse(text) as RawView);
}
