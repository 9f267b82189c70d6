import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { hashReceipt, type Receipt } from '@openledger/sdk/protocol/receipts';
import type { Hex } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { voucherFor } from './channel.ts';
import type { AttributionEntry, LedgerEntry, ReceiptEntry } from './entries.ts';
import { type Ledger, openLedger } from './ledger.ts';

const channelId: Hex = `0x${'c1'.repeat(32)}`;
const consumer: Hex = `0x${'Ab'.repeat(20)}`;

function receiptEntry(epoch: number, position: number): ReceiptEntry {
  const receipt: Receipt = {
    ...{ channelId, epoch, position, modelId: 1, tokensIn: 3, tokensOut: 2, fee: 10n, servedAt: 1, flags: 1 },
    ...{ requestHash: ZERO_HASH, outputRoot: ZERO_HASH, outputLength: 6, contextRoot: ZERO_HASH },
  };
  return {
    ...{ type: 'receipt', receipt, hash: hashReceipt(receipt), settledFee: BigInt(epoch) },
    ...{ nodeSignature: '0x01', salt: ZERO_HASH, request: `{"n":${epoch}.${position}}`, output: 'ja ✓' },
    promptTokens: [epoch, position, 7],
    context: [{ asset: 4, row: 1, score: 5n, text: `row ${position}` }],
  };
}

function attributionOf({ hash }: ReceiptEntry): AttributionEntry {
  return {
    ...{ type: 'attribution', hash, queryVector: new Uint8Array(256).fill(9), queryHash: ZERO_HASH },
    evidence: [{ asset: 4, kind: 0, score: 12n, evidence: '0x' }],
    ...{ evidenceHash: ZERO_HASH, noticeSignature: '0x02', at: 2 },
    spans: [{ asset: 4, outOff: 0, srcOff: 1, len: 5 }],
  };
}

const voucherOf = (receipts: ReceiptEntry[]): LedgerEntry => {
  const [{ receipt, settledFee }] = receipts as [ReceiptEntry];
  const state = { epoch: receipt.epoch, settledFee, receipts, voucher: undefined };
  return { type: 'voucher', voucher: { ...voucherFor(channelId, state), signature: '0x03' }, at: 3 };
};

const payment: LedgerEntry = {
  ...{ type: 'payment', consumer, nonce: `0x${'0e'.repeat(32)}`, channelId, channelNonce: ZERO_HASH },
  ...{ amount: 5n, request: ZERO_HASH, at: 1 },
};

describe('the ledger', () => {
  let folder: string;
  let path: string;
  let ledger: Ledger;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openledger-ledger-'));
    path = join(folder, 'node.journal');
    ledger = await openLedger(path);
  });
  afterEach(async () => {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Two epochs of three receipts: the first redeemed and attributed, the second running and not. */
  async function fill() {
    const [sealed, running] = [0, 1].map((epoch) => [0, 1, 2].map((at) => receiptEntry(epoch, at))) as [
      ReceiptEntry[],
      ReceiptEntry[],
    ];
    await ledger.append(payment);
    for (const entry of sealed) await ledger.append(entry);
    await ledger.append(voucherOf(sealed));
    await Promise.all(sealed.map((entry) => ledger.append(attributionOf(entry))));
    const vouchers = [{ channelId, epoch: 0, receiptCount: 3 }];
    await ledger.append({ type: 'redemption', vouchers, at: 4 });
    await ledger.append({ type: 'proposal', claimId: ZERO_HASH, seq: 1, dump: ZERO_HASH, at: 5 });
    for (const entry of running) await ledger.append(entry);
    return { sealed, running };
  }

  it('gives back what was written, before and after a restart, whatever the case of a hash', async () => {
    const { sealed, running } = await fill();
    const all = [...sealed, ...running];
    for (const _life of [1, 2]) {
      for (const entry of all) expect(await ledger.receipt(entry.hash)).toEqual(entry);
      const upper: Hex = `0x${sealed[0]!.hash.slice(2).toUpperCase()}`;
      expect(await ledger.attribution(upper)).toEqual(attributionOf(sealed[0]!));
      expect(await ledger.attribution(running[0]!.hash)).toBeUndefined();
      expect(await ledger.receipt(ZERO_HASH)).toBeUndefined();
      expect([...ledger.unattributed]).toEqual(running.map(({ hash }) => hash));
      expect(await ledger.receipts(4)).toEqual(all.slice(-4));
      expect(await ledger.receipts(4, channelId)).toEqual(all.slice(-4));
      expect(await ledger.receipts(4, ZERO_HASH)).toEqual([]);
      expect(await ledger.sealedReceipts(channelId, 0)).toEqual(sealed);
      expect(await ledger.sealedReceipts(channelId, 1)).toEqual([]);
      expect(ledger.sealed()).toMatchObject([{ epoch: 0, voucher: { receiptCount: 3, cumulativeFee: 30n } }]);
      expect(ledger.channel(channelId)?.current?.receipts).toHaveLength(3);
      const [place] = ledger.payments(consumer);
      expect(await ledger.payment(place!)).toEqual(payment);
      await ledger.close();
      ledger = await openLedger(path);
    }
  });

  it('remembers since when a claim that validators hold was tried, until the next one', async () => {
    const attempt = (seq: number, at: number, dataScheme?: number) =>
      ledger.append({ type: 'proposal', claimId: ZERO_HASH, seq, dump: ZERO_HASH, dataScheme, at });
    await attempt(1, 5);
    expect(ledger.attempts(1)).toBeUndefined();
    await attempt(1, 6, 2);
    await attempt(1, 9, 2);
    for (const _life of [1, 2]) {
      expect(ledger.attempts(1)).toMatchObject({ first: { at: 6 }, last: { at: 9 } });
      expect(ledger.attempts(2)).toBeUndefined();
      await ledger.close();
      ledger = await openLedger(path);
    }
    await attempt(2, 20, 2);
    expect(ledger.attempts(1)).toBeUndefined();
    expect(ledger.attempts(2)).toMatchObject({ first: { at: 20 }, last: { at: 20 } });
  });

  it('holds no body of a receipt or an attribution, and nothing of a receipt whose epoch is sealed', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const watched = await (async () => {
      const { sealed, running } = await fill();
      const bodies = [...sealed, ...running].flatMap((entry) => [
        new WeakRef<object>(entry),
        new WeakRef<object>(entry.promptTokens),
        new WeakRef<object>(entry.context!),
      ]);
      return {
        bodies,
        settled: sealed.map(({ receipt }) => new WeakRef(receipt)),
        live: running.map(({ receipt }) => new WeakRef(receipt)),
      };
    })();
    const held = (list: WeakRef<object>[]) => list.filter((one) => one.deref() !== undefined).length;
    const counts = async () => {
      // What was looked at in this turn is held until it ends.
      await new Promise((resolve) => setImmediate(resolve));
      collect();
      return [held(watched.bodies), held(watched.settled), held(watched.live)];
    };
    await expect.poll(counts).toEqual([0, 0, 3]);
  });

  it('names the journal and what to do when a record is damaged while the node runs', async () => {
    const { sealed } = await fill();
    const bytes = await readFile(path);
    bytes[bytes.indexOf('"n\\":0.1')] ^= 1;
    await writeFile(path, bytes);
    const error = await ledger.receipt(sealed[1]!.hash).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'journal_corrupt' });
    expect(String(error)).toContain(path);
    expect((error as { hint: string }).hint).toContain('restore the file from a backup');
    // The others are still there.
    expect(await ledger.receipt(sealed[0]!.hash)).toEqual(sealed[0]);
  });
});
