import { z } from '@hono/zod-openapi';
import { allocate } from '@openledger/sdk/protocol/allocate';
import { parseAsset } from '@openledger/sdk/protocol/assets';
import { sameHex } from '@openledger/sdk/protocol/bytes';
import { decodeSpan, ITEM_KIND, type Item, type Span } from '@openledger/sdk/protocol/items';
import { isPublic } from '@openledger/sdk/protocol/receipts';
import type { Hex } from 'viem';
import type { AcceptedContribution } from '../chain/contributions.ts';
import type { SettlementReader } from '../chain/settlement-reader.ts';
import type { SettlementState } from '../chain/settlement-state.ts';
import type { AttributionEntry, ReceiptEntry } from '../ledger/entries.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  address,
  amount,
  citationSchema,
  hash,
  hexBytes,
  natural,
  receiptSchema,
  tokenSchema,
} from './schemas.ts';

export type ReceiptViewDeps = {
  nodeId: number;
  ledger: Ledger;
  reader: SettlementReader;
  state: SettlementState;
  contributions(): Promise<AcceptedContribution[]>;
};

const KIND_NAMES = Object.fromEntries(Object.entries(ITEM_KIND).map(([name, kind]) => [kind, name]));

const shownContribution = z
  .object({
    id: natural,
    datanet: natural,
    contributor: address,
    uri: z.string(),
    licence: z.string(),
  })
  .nullable()
  .openapi('ShownContribution');
const shownSpan = z
  .object({ outOff: natural, srcOff: natural, len: natural, start: natural, end: natural })
  .openapi('Span', { description: 'Bytes of the UTF-8 answer and source; code points `start` to `end`.' });

/** What {@link viewReceipt} gives, as JSON. */
export const receiptViewSchema = z
  .object({
    id: hash,
    hash,
    nodeId: natural,
    receipt: receiptSchema,
    nodeSignature: hexBytes,
    status: z.enum(['unsigned', 'signed', 'redeemed', 'claimed', 'final']),
    number: natural.nullable(),
    claimId: hash.nullable(),
    paramsVersion: natural.nullable(),
    salt: hash.nullable(),
    request: z.string().nullable(),
    output: z.string().nullable(),
    citations: z.array(citationSchema).nullable(),
    attribution: z
      .object({
        evidenceHash: hash,
        noticeSignature: hexBytes,
        queryHash: hash,
        queryVector: hexBytes.nullable(),
        at: natural,
        paramsVersion: natural,
        settled: z.boolean(),
        items: z.array(
          z.object({
            asset: natural,
            kind: natural.max(6),
            kindName: z.string(),
            score: z.string(),
            evidence: hexBytes,
            amount,
            token: tokenSchema,
            span: shownSpan.nullable(),
            contribution: shownContribution,
          }),
        ),
        spans: z.array(
          shownSpan.extend({ asset: natural, paid: z.boolean(), contribution: shownContribution }),
        ),
      })
      .nullable(),
  })
  .openapi('ReceiptView');

/**
 * A receipt with everything a person wants to know: where it is on its way to being paid, who gets what for which
 * evidence, and where in the answer the evidence is. Request and answer only for PUBLIC receipts or with the salt.
 */
export async function viewReceipt(deps: ReceiptViewDeps, entry: ReceiptEntry, salt: string | undefined) {
  const open = isPublic(entry.receipt) || (salt !== undefined && sameHex(salt as Hex, entry.salt));
  const place = await placeOf(deps, entry);
  const attribution = await deps.ledger.attribution(entry.hash);
  return {
    id: entry.hash,
    hash: entry.hash,
    nodeId: deps.nodeId,
    receipt: entry.receipt,
    nodeSignature: entry.nodeSignature,
    ...place,
    salt: open ? entry.salt : null,
    request: open ? entry.request : null,
    output: open ? entry.output : null,
    citations: open ? (entry.context ?? []).map((one, index) => ({ number: index + 1, ...one })) : null,
    attribution:
      attribution === undefined
        ? null
        : await viewAttribution(deps, entry, attribution, place.paramsVersion, open),
  };
}

type Place = {
  status: 'unsigned' | 'signed' | 'redeemed' | 'claimed' | 'final';
  /** Number in the node's life, once redeemed. */
  number: number | null;
  claimId: Hex | null;
  paramsVersion: number | null;
};

/** Where a receipt is on its way to being paid. */
export async function placeOf(
  { nodeId, ledger, reader, state }: ReceiptViewDeps,
  entry: ReceiptEntry,
): Promise<Place> {
  const { channelId, epoch, position } = entry.receipt;
  const history = reader.node(nodeId);
  for (const batch of history.batches) {
    const voucher = batch.vouchers.find((one) => sameHex(one.channelId, channelId) && one.epoch === epoch);
    if (voucher === undefined || position >= voucher.receiptCount) continue;
    const number = voucher.firstReceipt + position;
    const { paramsVersion } = batch;
    const claims = history.claims.filter(
      ({ claim, status }) =>
        claim.fromBatch <= batch.number && batch.number <= claim.toBatch && status !== 'rejected',
    );
    const seen = claims.at(-1);
    if (seen === undefined) return { status: 'redeemed', number, claimId: null, paramsVersion };
    const { status } = await state.claimRecord(seen.claimId);
    if (status === 'rejected' || status === 'vetoed')
      return { status: 'redeemed', number, claimId: null, paramsVersion };
    return { status: status === 'final' ? 'final' : 'claimed', number, claimId: seen.claimId, paramsVersion };
  }
  const channel = ledger.channel(channelId);
  const voucher = [channel?.current, ...(channel?.sealed ?? [])].find((one) => one?.epoch === epoch)?.voucher;
  const signed = voucher !== undefined && position < voucher.receiptCount;
  return { status: signed ? 'signed' : 'unsigned', number: null, claimId: null, paramsVersion: null };
}

async function viewAttribution(
  deps: ReceiptViewDeps,
  entry: ReceiptEntry,
  attribution: AttributionEntry,
  settledVersion: number | null,
  open: boolean,
) {
  const { state } = deps;
  // Until redemption the amounts are a forecast: the version in force then decides.
  const version = settledVersion ?? (await state.currentVersion());
  const terms = await state.terms(entry.receipt.modelId);
  const items = allocate(entry.receipt, terms, await state.parameters(version), attribution.evidence);
  const contributions = await deps.contributions();
  const outputBytes = new TextEncoder().encode(entry.output);
  const places = codePointOffsets(outputBytes);
  const owner = (asset: number) => contributions.find((one) => one.asset === asset);
  const shown = (asset: number) => {
    const contribution = owner(asset);
    if (contribution === undefined) return null;
    const { id, datanet, contributor, uri, licence } = contribution;
    return { id, datanet, contributor, uri, licence };
  };
  return {
    evidenceHash: attribution.evidenceHash,
    noticeSignature: attribution.noticeSignature,
    queryHash: attribution.queryHash,
    queryVector: open ? (attribution.queryVector ?? null) : null,
    at: attribution.at,
    paramsVersion: version,
    settled: settledVersion !== null,
    items: items.map((item) => ({
      ...item,
      kindName: KIND_NAMES[item.kind],
      token: parseAsset(item.asset) ?? null,
      span: item.kind === ITEM_KIND.span ? viewSpan(decodeSpan(item.evidence), places) : null,
      contribution: shown(item.asset),
    })),
    spans: open
      ? attribution.spans.map((span) => ({
          asset: span.asset,
          ...viewSpan(span, places),
          paid: isPaid(items, span),
          contribution: shown(span.asset),
        }))
      : [],
  };
}

function isPaid(items: readonly Item[], span: AttributionEntry['spans'][number]): boolean {
  return items.some(
    ({ kind, asset, amount, evidence }) =>
      kind === ITEM_KIND.span &&
      asset === span.asset &&
      amount > 0n &&
      decodeSpan(evidence).outOff === span.outOff,
  );
}

/** A span in bytes of the UTF-8 answer and in code points, which is how a page cuts text. */
function viewSpan(span: Span, places: Uint32Array) {
  const end = Math.min(span.outOff + span.len, places.length - 1);
  return { ...span, start: places[span.outOff] ?? 0, end: places[end] ?? 0 };
}

/** For each byte offset the number of code points that start before it. */
function codePointOffsets(bytes: Uint8Array): Uint32Array {
  const places = new Uint32Array(bytes.length + 1);
  let count = 0;
  for (const [index, byte] of bytes.entries()) {
    places[index] = count;
    if ((byte & 0xc0) !== 0x80) count += 1;
  }
  places[bytes.length] = count;
  return places;
}
