import { describe, expect, it } from 'vitest';
import { ZERO_HASH } from './bytes.ts';
import {
  encodeReceipt,
  feeOf,
  flagsAreValid,
  GWEI,
  RECEIPT_BYTES,
  type Receipt,
  receiptsTree,
} from './receipts.ts';
import { sumRoot } from './trees.ts';

const receipt: Receipt = {
  channelId: ZERO_HASH,
  epoch: 0,
  position: 0,
  modelId: 1,
  tokensIn: 1,
  tokensOut: 1,
  fee: 5n * GWEI,
  servedAt: 1,
  flags: 1,
  requestHash: ZERO_HASH,
  outputRoot: ZERO_HASH,
  outputLength: 3,
  contextRoot: ZERO_HASH,
};

describe('receipts', () => {
  it('are encoded in 171 bytes', () => {
    expect(encodeReceipt(receipt)).toHaveLength(RECEIPT_BYTES);
  });

  it('add up in their voucher and must say where they are', () => {
    expect(sumRoot(receiptsTree([receipt, { ...receipt, position: 1 }])).sum).toBe(10n * GWEI);
    expect(() => receiptsTree([receipt, receipt])).toThrow('Receipt 1 of the voucher says position 0');
  });

  it('may be public or without audit, never both', () => {
    expect([0, 1, 2, 3, 4].map(flagsAreValid)).toEqual([true, true, true, false, false]);
  });

  it('cost whole gwei, rounded up per thousand tokens, and activation when the adapter was loaded', () => {
    const prices = { activation: 100n * GWEI, baseFee: 2n * GWEI, inputPer1k: GWEI, outputPer1k: 3n * GWEI };
    expect(feeOf(prices, 0, 0)).toBe(2n * GWEI);
    expect(feeOf(prices, 1, 0)).toBe(3n * GWEI);
    expect(feeOf(prices, 1000, 1000)).toBe(6n * GWEI);
    expect(feeOf(prices, 1, 1000, true)).toBe(106n * GWEI);
  });
});
