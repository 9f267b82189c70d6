import type { ItemKind } from '@openledger/sdk/protocol/items';
import type { Hex } from 'viem';
import { z } from 'zod';
import { getJson } from './http.ts';
import { address, hex, integer, wei } from './schemas.ts';

const receipt = z.object({
  channelId: hex,
  epoch: integer,
  position: integer,
  modelId: integer,
  tokensIn: integer,
  tokensOut: integer,
  fee: wei,
  servedAt: integer,
  flags: integer,
  requestHash: hex,
  outputRoot: hex,
  outputLength: integer,
  contextRoot: hex,
});

const shownContribution = z
  .object({ id: integer, datanet: integer, contributor: address, uri: z.string(), licence: z.string() })
  .nullable();

const span = z.object({ outOff: integer, srcOff: integer, len: integer });

const item = z.object({
  asset: integer,
  kind: integer.transform((kind) => kind as ItemKind),
  score: wei,
  amount: wei,
  evidence: hex,
  span: span.nullable(),
  contribution: shownContribution,
});

const attribution = z.object({
  evidenceHash: hex,
  noticeSignature: hex,
  queryHash: hex,
  queryVector: hex.nullable(),
  paramsVersion: integer,
  /** False: amounts are a forecast by the parameters in force now. */
  settled: z.boolean(),
  items: z.array(item),
  spans: z.array(span.extend({ asset: integer, paid: z.boolean(), contribution: shownContribution })),
});

const viewSchema = z.object({
  hash: hex,
  nodeId: integer,
  receipt,
  nodeSignature: hex,
  status: z.enum(['unsigned', 'signed', 'redeemed', 'claimed', 'final']),
  number: integer.nullable(),
  claimId: hex.nullable(),
  salt: hex.nullable(),
  request: z.string().nullable(),
  output: z.string().nullable(),
  attribution: attribution.nullable(),
});

/** A receipt with its attribution, as the node shows it. Everything in it can be recomputed. */
export type ReceiptView = z.infer<typeof viewSchema>;
export type Attribution = z.infer<typeof attribution>;
export type AttributionItem = z.infer<typeof item>;
export type AttributionSpan = Attribution['spans'][number];

/** Reads one receipt; the salt opens request and answer of a receipt that is not public. */
export function readReceipt(nodeUrl: string, id: Hex, salt?: Hex): Promise<ReceiptView> {
  const headers: HeadersInit = salt === undefined ? {} : { 'x-openledger-salt': salt };
  return getJson(`${nodeUrl}/v1/receipts/${id}`, viewSchema, { headers });
}

/** The newest receipts of the node, without texts. */
export async function listReceipts(nodeUrl: string): Promise<{ id: Hex; attributed: boolean }[]> {
  const schema = z.object({ data: z.array(z.object({ id: hex, attributed: z.boolean() })) });
  return (await getJson(`${nodeUrl}/v1/receipts`, schema)).data;
}
