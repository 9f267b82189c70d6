import { expect, test } from 'vitest';
import { exactOpen, formatCount, formatOpen, formatSeconds, formatShare, parseOpen } from './amounts.ts';

const OPEN = 10n ** 18n;

test('an amount is cut after six decimals, without trailing zeros', () => {
  expect(formatOpen(0n)).toBe('0');
  expect(formatOpen(OPEN)).toBe('1');
  expect(formatOpen(OPEN / 4n)).toBe('0.25');
  expect(formatOpen(1_234_567_899_999_999_999n)).toBe('1.234567');
});

test('thousands are grouped', () => {
  expect(formatOpen(1_000_000_000n * OPEN)).toBe('1 000 000 000');
  expect(formatCount(12_345)).toBe('12 345');
  expect(formatCount(999)).toBe('999');
});

test('an amount too small for its decimals does not look like zero', () => {
  expect(formatOpen(1n)).toBe('< 0.000001');
  expect(formatOpen(-1n)).toBe('> −0.000001');
});

test('the exact amount has every wei', () => {
  expect(exactOpen(1n)).toBe('0.000000000000000001');
  expect(exactOpen(OPEN + 1n)).toBe('1.000000000000000001');
});

test('a typed amount is read with point or comma, and nonsense is refused', () => {
  expect(parseOpen('1.5')).toBe(OPEN + OPEN / 2n);
  expect(parseOpen(' 0,1 ')).toBe(OPEN / 10n);
  expect(parseOpen('1e3')).toBeUndefined();
  expect(parseOpen('-1')).toBeUndefined();
  expect(parseOpen('')).toBeUndefined();
});

test('what is formatted exactly is read back to the same wei', () => {
  for (const wei of [1n, 999n, OPEN - 1n, 123n * OPEN + 456n]) expect(parseOpen(exactOpen(wei))).toBe(wei);
});

test('shares have one decimal below ten percent', () => {
  expect(formatShare(1n, 8n)).toBe('13 %');
  expect(formatShare(1n, 32n)).toBe('3.1 %');
  expect(formatShare(1n, 0n)).toBe('0 %');
});

test('durations are short words', () => {
  expect(formatSeconds(0.4)).toBe('0 s');
  expect(formatSeconds(61)).toBe('1 min 1 s');
  expect(formatSeconds(3_700)).toBe('1 h 1 min');
  expect(formatSeconds(Number.NaN)).toBe('–');
});
