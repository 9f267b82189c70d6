import { ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import type { BatchRecord } from '@openledger/sdk/protocol/claims';
import { voucherTypedData } from '@openledger/sdk/protocol/vouchers';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, it } from 'vitest';
import { consumer, escrow } from '../../test/support/gateway.ts';
import type { ChainChannel, SealedEpoch } from '../ledger/channel.ts';
import { MAX_CLAIM_BYTES } from '../ledger/claim-size.ts';
import { createKeyLock } from '../ledger/key-lock.ts';
import { createLog } from '../log.ts';
import { createVouchers, type VoucherDeps } from './vouchers.ts';

type Known = { id: number; epoch?: number; fee: bigint; bytes: number };

const another = privateKeyToAccount(`0x${'03'.repeat(32)}`);
const idOf = (id: number): Hex => `0x${id.toString(16).padStart(64, '0')}`;

async function sealedOf({ id, epoch = 0, fee, bytes }: Known): Promise<SealedEpoch> {
  const voucher = {
    ...{ channelId: idOf(id), epoch, settledFee: 0n, cumulativeFee: fee, receiptCount: 1 },
    receiptsRoot: ZERO_HASH,
  };
  const signature = await consumer.signTypedData(voucherTypedData(escrow, voucher));
  return { epoch, voucher: { ...voucher, signature }, receipts: [], claimBytes: bytes };
}

/** Vouchers of a ledger that knows these sealed epochs, on channels that the chain shows so. */
async function vouchersOf(
  known: readonly Known[],
  chain: Partial<ChainChannel> = {},
  onHold: readonly Hex[] = [],
) {
  const sealed = await Promise.all(known.map(sealedOf));
  const ledger = {
    redeemable: () => [],
    sealed: () => sealed,
    holds: () => onHold.map((channelId) => ({ channelId })),
    channel: (id: Hex) => ({ sealed: sealed.filter(({ voucher }) => voucher.channelId === id) }),
  } as unknown as VoucherDeps['ledger'];
  const signer = consumer.address;
  const channel = {
    ...{ epoch: 0, settled: 0n, deposit: 100n, exitAt: 0, signerAt: 0, signer },
    ...chain,
  } as ChainChannel;
  return createVouchers({
    ...{ ledger, locks: createKeyLock(), escrow, log: createLog('silent'), now: () => 0 },
    readChannel: async (id) => {
      if (id === idOf(8)) return { ...channel, signerAt: 5 };
      return id === idOf(9) ? { ...channel, exitAt: 5 } : channel;
    },
  });
}

const chosen = ({ epochs }: { epochs: readonly SealedEpoch[] }) =>
  epochs.map(({ voucher }) => Number(voucher.channelId));

it('chooses by fee what fits into one claim, and skips what does not', async () => {
  const vouchers = await vouchersOf([
    { id: 1, fee: 5n, bytes: 60_000 },
    { id: 2, fee: 9n, bytes: 50_000 },
    { id: 3, fee: 1n, bytes: 40_000 },
  ]);
  expect(await vouchers.choose(MAX_CLAIM_BYTES)).toMatchObject({ left: 1 });
  expect(chosen(await vouchers.choose(MAX_CLAIM_BYTES))).toEqual([2, 3]);
  expect(chosen(await vouchers.choose(MAX_CLAIM_BYTES - 50_000))).toEqual([3]);
  expect(await vouchers.choose(0)).toEqual({ epochs: [], left: 3 });
});

it('lets an epoch that no claim can hold stand in nobody’s way', async () => {
  const vouchers = await vouchersOf([
    { id: 1, fee: 90n, bytes: MAX_CLAIM_BYTES + 1 },
    { id: 2, fee: 1n, bytes: 1_000 },
  ]);
  expect(chosen(await vouchers.choose(MAX_CLAIM_BYTES))).toEqual([2]);
});

it('leaves out what the chain would refuse: another epoch, a deposit that is gone, a signer that was replaced', async () => {
  const later = await vouchersOf([
    { id: 1, epoch: 1, fee: 1n, bytes: 1 },
    { id: 2, fee: 1n, bytes: 1 },
  ]);
  expect(chosen(await later.choose(MAX_CLAIM_BYTES))).toEqual([2]);
  const one = [{ id: 1, fee: 2n, bytes: 1 }];
  for (const chain of [{ deposit: 1n }, { settled: 1n }, { signer: another.address }]) {
    expect(await (await vouchersOf(one, chain)).choose(MAX_CLAIM_BYTES)).toEqual({ epochs: [], left: 0 });
  }
});

it('leaves out what is paid from a hold that is not captured yet', async () => {
  const known = [
    { id: 1, fee: 2n, bytes: 1 },
    { id: 2, fee: 1n, bytes: 1 },
  ];
  const vouchers = await vouchersOf(known, {}, [idOf(1)]);
  expect(chosen(await vouchers.choose(MAX_CLAIM_BYTES))).toEqual([2]);
});

it('knows the channels whose consumers leave or change the signer, and chooses among them alone', async () => {
  const vouchers = await vouchersOf([
    { id: 1, fee: 9n, bytes: 1 },
    { id: 8, fee: 2n, bytes: 1 },
    { id: 9, fee: 1n, bytes: 1 },
  ]);
  const changing = await vouchers.changing();
  expect([...changing]).toEqual([idOf(8), idOf(9)]);
  expect(chosen(await vouchers.choose(MAX_CLAIM_BYTES, changing))).toEqual([8, 9]);
});

it('claims as many redeemed batches as fit, and one at least', async () => {
  const vouchers = await vouchersOf([
    { id: 1, fee: 1n, bytes: 70_000 },
    { id: 2, fee: 1n, bytes: 20_000 },
    { id: 3, fee: 1n, bytes: 20_000 },
  ]);
  const batches = [1, 2, 3].map(
    (id) => ({ number: id, vouchers: [{ channelId: idOf(id), epoch: 0 }] }) as BatchRecord,
  );
  const { batches: first, bytes } = vouchers.fitting(batches, MAX_CLAIM_BYTES);
  expect(first.map(({ number }) => number)).toEqual([1, 2]);
  expect(bytes).toBe(90_000);
  expect(vouchers.fitting(batches, 0).batches).toHaveLength(1);
  expect(vouchers.fitting([], 0).batches).toEqual([]);
});
