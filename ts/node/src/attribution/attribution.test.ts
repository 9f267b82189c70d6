import { evidenceHash, hashQueryVector } from '@openledger/sdk/protocol/attribution';
import { utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { ITEM_KIND } from '@openledger/sdk/protocol/items';
import { RECEIPT_FLAG } from '@openledger/sdk/protocol/receipts';
import { SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import { noticeTypedData } from '@openledger/sdk/protocol/vouchers';
import { recoverTypedDataAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { chat, createTestGateway, fakeEngine, settlement } from '../../test/support/gateway.ts';
import { createNodeSigner } from '../identity/signer.ts';
import type { ReceiptEntry } from '../ledger/entries.ts';
import { createLog } from '../log.ts';
import type { VerifiedAdapter } from '../models/types.ts';
import { attributeReceipt, type EvidenceEngine } from './attribute.ts';
import { createAttributionQueue } from './queue.ts';

const account = privateKeyToAccount(`0x${'01'.repeat(32)}`);
const signer = createNodeSigner(account, 7, settlement);
const vector = (value: number) => new Int8Array(SKETCH_LENGTH).fill(value);
const adapter = {
  model: { terms: { scheme: 3 } },
  sketches: [
    { asset: 4, sigma: 10, a: vector(1), rowsSketchRoot: ZERO_HASH },
    { asset: 8, sigma: 20, a: vector(1), rowsSketchRoot: ZERO_HASH },
    { asset: 12, sigma: 99, a: vector(-1), rowsSketchRoot: ZERO_HASH },
  ],
} as unknown as VerifiedAdapter;

const engine: EvidenceEngine = {
  paidSpans: async (_adapter, output, { minLen }) =>
    output.length >= minLen ? [{ asset: 4, outOff: 0, srcOff: 7, len: output.length }] : [],
  shownSpans: async (_adapter, output) => [{ asset: 8, outOff: 1, srcOff: 2, len: output.length - 1 }],
  queryVector: async () => vector(3),
};

async function entryOf(flags: number, output: string): Promise<ReceiptEntry> {
  const gateway = await createTestGateway(fakeEngine([output]));
  const body = chat();
  await gateway.app.request('/v1/chat/completions', { method: 'POST', body: JSON.stringify(body) });
  const [entry] = await gateway.ledger.receipts(1);
  await gateway.close();
  return { ...entry, receipt: { ...entry.receipt, flags } };
}

describe('an attribution', () => {
  const long = 'x'.repeat(80);

  it('lists spans and positive influence in order, and the notice signs exactly that', async () => {
    const entry = await entryOf(RECEIPT_FLAG.public, long);
    const result = await attributeReceipt({ entry, adapter, engine, signer, now: 5 });
    expect(result.evidence.map(({ kind, asset, score }) => [kind, asset, score])).toEqual([
      [ITEM_KIND.influence, 8, 20n * 512n * 3n],
      [ITEM_KIND.influence, 4, 10n * 512n * 3n],
      [ITEM_KIND.span, 4, 80n],
    ]);
    expect(result.queryHash).toBe(hashQueryVector(vector(3)));
    expect(result.evidenceHash).toBe(evidenceHash(entry.hash, result.queryHash, result.evidence));
    const notice = noticeTypedData(settlement, 7, entry.hash, result.evidenceHash);
    expect(await recoverTypedDataAddress({ ...notice, signature: result.noticeSignature })).toBe(
      account.address,
    );
    expect(result.spans).toEqual([{ asset: 8, outOff: 1, srcOff: 2, len: 79 }]);
  });

  it('lists nothing for NO_AUDIT and for a base model', async () => {
    const entry = await entryOf(RECEIPT_FLAG.noAudit, long);
    const silent = await attributeReceipt({ entry, adapter, engine, signer, now: 5 });
    expect(silent).toMatchObject({ evidence: [], queryHash: ZERO_HASH, queryVector: undefined });
    const open = await entryOf(RECEIPT_FLAG.public, long);
    const base = await attributeReceipt({ entry: open, adapter: undefined, engine, signer, now: 5 });
    expect(base).toMatchObject({ evidence: [], queryHash: ZERO_HASH });
  });

  it('does not pay for a match that is too short', async () => {
    const entry = await entryOf(RECEIPT_FLAG.public, 'short');
    const { evidence } = await attributeReceipt({ entry, adapter, engine, signer, now: 5 });
    expect(evidence.every(({ kind }) => kind === ITEM_KIND.influence)).toBe(true);
    expect(utf8(entry.output).length).toBeLessThan(64);
  });
});

describe('the attribution queue', () => {
  it('attributes what the journal has, tries again after a failure, and answers who waits', async () => {
    const gateway = await createTestGateway();
    await gateway.app.request('/v1/chat/completions', { method: 'POST', body: JSON.stringify(chat()) });
    const [{ hash }] = await gateway.ledger.receipts(1);
    let attempts = 0;
    const queue = createAttributionQueue({
      ledger: gateway.ledger,
      catalog: {
        find: async () => {
          attempts += 1;
          if (attempts === 1) throw new Error('the chain is away');
          return { kind: 'base' } as never;
        },
        verify: () => Promise.reject(new Error('not needed')),
      },
      engine,
      signer,
      log: createLog('silent'),
      now: () => 5,
    });
    expect((await queue.ensure(hash)).hash).toBe(hash);
    expect(attempts).toBe(2);
    expect(gateway.ledger.unattributed.size).toBe(0);
    await queue.close();
    await gateway.close();
  });
});
