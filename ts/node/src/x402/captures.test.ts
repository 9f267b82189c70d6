import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { hashReceipt, type Receipt } from '@openledger/sdk/protocol/receipts';
import type { Hex } from 'viem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChainChannel, voucherFor } from '../ledger/channel.ts';
import type { LedgerEntry, ReceiptEntry } from '../ledger/entries.ts';
import { type Ledger, openLedger } from '../ledger/ledger.ts';
import { createLog } from '../log.ts';
import { type Captures, createCaptures, RETRY_SECONDS } from './captures.ts';
import type { Inbox } from './inbox.ts';

const channelId: Hex = `0x${'c1'.repeat(32)}`;
const otherId: Hex = `0x${'c2'.repeat(32)}`;
const consumer: Hex = `0x${'ab'.repeat(20)}`;
const hold = { preApprovalExpiry: 120, captureDeadline: 86_400, salt: 9n };
const PATIENCE = RETRY_SECONDS + 60;

const heldOn = (id: Hex): LedgerEntry => ({
  ...{ type: 'payment', consumer, nonce: `0x${'0e'.repeat(32)}`, channelId: id, channelNonce: id },
  ...{ amount: 50n, request: ZERO_HASH, at: 0, hold },
});

/** An answer at this fee, and the node's voucher for it. */
function answered(fee: bigint): LedgerEntry[] {
  const receipt: Receipt = {
    ...{
      channelId,
      epoch: 0,
      position: 0,
      modelId: 1,
      tokensIn: 3,
      tokensOut: 2,
      fee,
      servedAt: 1,
      flags: 0,
    },
    ...{ requestHash: ZERO_HASH, outputRoot: ZERO_HASH, outputLength: 6, contextRoot: ZERO_HASH },
  };
  const entry: ReceiptEntry = {
    ...{ type: 'receipt', receipt, hash: hashReceipt(receipt), settledFee: 0n, nodeSignature: '0x01' },
    ...{ salt: ZERO_HASH, request: '{}', output: 'ja', promptTokens: [1] },
  };
  const voucher = voucherFor(channelId, { epoch: 0, settledFee: 0n, receipts: [entry], voucher: undefined });
  return [entry, { type: 'voucher', voucher: { ...voucher, signature: '0x03' }, at: 1 }];
}

describe('a held payment, after the answer', () => {
  let folder: string;
  let path: string;
  let ledger: Ledger;
  let captures: Captures;
  let time: number;
  /** What the chain has: a channel's deposit (undefined: no channel), and what is left on hold. */
  let deposit: bigint | undefined;
  let left: bigint;
  let isBusy: boolean;
  let sent: string[];
  let fails: boolean;

  const begin = () => {
    const send = (what: string) => {
      sent.push(what);
      if (fails) throw new Error('the chain is away');
      left = 0n;
      return '0xaa' as Hex;
    };
    const inbox: Pick<Inbox, 'leftOf' | 'capture' | 'release'> = {
      leftOf: async () => left,
      capture: async (_, value) => {
        const hash = send(`capture ${value}`);
        deposit = value;
        return hash;
      },
      release: async () => send('release'),
    };
    captures = createCaptures({
      chain: { client: { getBlock: async () => ({ timestamp: BigInt(time) }) } } as never,
      ...{ inbox: inbox as Inbox, ledger, log: createLog('silent'), now: () => time },
      isBusy: () => isBusy,
      channelAt: async () => (deposit === undefined ? undefined : ({ deposit } as ChainChannel)),
    });
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openledger-captures-'));
    path = join(folder, 'node.journal');
    ledger = await openLedger(path);
    [time, deposit, left, isBusy, fails] = [10, 0n, 50n, false, false];
    sent = [];
    begin();
  });
  afterEach(async () => {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What is left to do, in this life and in one after a restart. */
  const open = async () => {
    const again = await openLedger(path);
    const count = again.holds().length;
    await again.close();
    expect(ledger.holds().length).toBe(count);
    return count;
  };

  it('is captured for what the answer did cost, once', async () => {
    await ledger.append(heldOn(channelId));
    await captures.run();
    expect(sent).toEqual([]);
    await ledger.append(...answered(20n));
    await captures.run();
    await captures.run();
    expect(sent).toEqual(['capture 20']);
    expect(await open()).toBe(0);
  });

  it('is tried again after a failure, and after a crash it is known to be captured already', async () => {
    await ledger.append(heldOn(channelId), ...answered(20n));
    fails = true;
    await expect(captures.run()).rejects.toThrow('away');
    expect(await open()).toBe(1);
    // It was mined all the same.
    [fails, deposit, left] = [false, 20n, 0n];
    await ledger.close();
    ledger = await openLedger(path);
    begin();
    await captures.run();
    expect(sent).toEqual(['capture 20']);
    expect(await open()).toBe(0);
  });

  it('waits for its request to be sent again, and goes back when it is not', async () => {
    await ledger.append(heldOn(channelId));
    time = PATIENCE - 1;
    await captures.run();
    [time, isBusy] = [PATIENCE, true];
    await captures.run();
    expect(sent).toEqual([]);
    isBusy = false;
    await captures.run();
    expect(sent).toEqual(['release']);
    expect(await open()).toBe(0);
  });

  it('lets no call begin while it goes back', async () => {
    await ledger.append(heldOn(channelId));
    time = PATIENCE;
    fails = true;
    const seen: boolean[] = [];
    sent.push = (...items) => {
      seen.push(captures.isReleasing(channelId));
      return items.length;
    };
    await expect(captures.run()).rejects.toThrow('away');
    expect(seen).toEqual([true]);
    expect(captures.isReleasing(channelId)).toBe(false);
  });

  it('may come until it expires, when its transaction was not seen', async () => {
    await ledger.append(heldOn(channelId));
    deposit = undefined;
    time = PATIENCE;
    // The chain's clock may be behind the node's.
    hold.preApprovalExpiry = PATIENCE;
    await captures.run();
    expect(await open()).toBe(1);
    time += 1;
    await captures.run();
    expect(await open()).toBe(0);
    expect(sent).toEqual([]);
    hold.preApprovalExpiry = 120;
  });

  it('is not given back for another try with the same payment, which was not answered', async () => {
    await ledger.append(heldOn(otherId), heldOn(channelId), ...answered(20n));
    time = PATIENCE;
    await captures.run();
    expect(sent).toEqual(['capture 20']);
    expect(await open()).toBe(0);
  });

  it('goes back, and is reported lost, when its deadline has passed', async () => {
    await ledger.append(heldOn(channelId), ...answered(20n));
    time = hold.captureDeadline;
    await captures.run();
    expect(sent).toEqual(['release']);
    expect(await open()).toBe(0);
  });

  it('goes back whole after an answer that costs nothing', async () => {
    await ledger.append(heldOn(channelId), ...answered(0n));
    await captures.run();
    expect(sent).toEqual(['release']);
    expect(await open()).toBe(0);
  });
});
