import { expect, test } from 'vitest';
import { earningsOf } from './earnings.ts';

test('an asset has one line, whatever of it is known', () => {
  const lines = earningsOf(
    new Map([[4, 1n]]),
    new Map([
      [4, 2n],
      [8, 3n],
    ]),
    [
      { asset: 8, cumulative: 10n, paid: 4n, payable: 6n },
      { asset: 12, cumulative: 0n, paid: 0n, payable: 0n },
    ],
  );
  expect(lines).toEqual([
    { asset: 4, accrued: 1n, open: 2n, final: 0n, paid: 0n, payable: 0n },
    { asset: 8, accrued: 0n, open: 3n, final: 10n, paid: 4n, payable: 6n },
  ]);
});

test('a share of a baseline is payable to a contribution that has no payout of its own', () => {
  const lines = earningsOf(
    new Map(),
    new Map(),
    [],
    [
      { asset: 16, payable: 2n },
      { asset: 16, payable: 3n },
      { asset: 20, payable: 0n },
    ],
  );
  expect(lines).toMatchObject([{ asset: 16, payable: 5n, final: 0n }]);
});
