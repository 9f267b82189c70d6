import { expect, test } from 'vitest';
import type { Attribution, AttributionItem } from '../../lib/receipts.ts';
import { sourcesOf, splitFee } from './attribution.ts';

const item = (kind: number, asset: number, score: bigint, amount: bigint): AttributionItem => ({
  asset,
  kind: kind as AttributionItem['kind'],
  score,
  amount,
  evidence: `0x${'00'.repeat(14)}`,
  span: null,
  contribution: null,
});

const attribution = (items: AttributionItem[], spans: Attribution['spans'] = []): Attribution => ({
  evidenceHash: '0x',
  noticeSignature: '0x',
  queryHash: '0x',
  queryVector: null,
  paramsVersion: 1,
  settled: false,
  items,
  spans,
});

test('influence and span of a contribution are one source, the best paid first', () => {
  const sources = sourcesOf(
    attribution(
      [item(0, 4, 100n, 5n), item(0, 8, 300n, 10n), item(1, 4, 80n, 20n), item(3, 5, 0n, 99n)],
      [{ asset: 4, outOff: 0, srcOff: 10, len: 80, paid: true, contribution: null }],
    ),
    100,
  );
  expect(sources.map(({ asset, rank, amount }) => [asset, rank, amount])).toEqual([
    [4, 0, 25n],
    [8, 1, 10n],
  ]);
  expect(sources[0]).toMatchObject({ influence: 0.25, covered: 0.8 });
  expect(sources[1]).toMatchObject({ influence: 0.75, covered: 0, spans: [] });
});

test('a contribution that only has a short match is listed with no amount', () => {
  const sources = sourcesOf(
    attribution([], [{ asset: 12, outOff: 0, srcOff: 0, len: 30, paid: false, contribution: null }]),
    60,
  );
  expect(sources).toMatchObject([{ asset: 12, amount: 0n, influence: undefined, covered: 0.5 }]);
});

test('the parts of a fee add up to the fee', () => {
  const shares = {
    burnBps: 500,
    treasuryBps: 500,
    nodeBps: 2_000,
    stakersBps: 500,
    modelBps: 2_500,
    contributorsBps: 4_000,
  };
  const fee = 10n ** 15n;
  const parts = splitFee(fee, shares, [
    item(0, 4, 1n, (fee * 3_000n) / 10_000n),
    item(3, 5, 0n, (fee * 2_250n) / 10_000n),
    item(4, 1, 0n, (fee * 250n) / 10_000n),
    item(5, 6, 0n, (fee * 1_000n) / 10_000n),
  ]);
  expect(parts.reduce((sum, { amount }) => sum + amount, 0n)).toBe(fee);
  expect(parts.find(({ key }) => key === 'contributors')?.amount).toBe((fee * 3_000n) / 10_000n);
  expect(parts.find(({ key }) => key === 'baseline')?.amount).toBe((fee * 1_000n) / 10_000n);
});
