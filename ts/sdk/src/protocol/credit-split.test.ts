import { describe, expect, it } from 'vitest';
import { CONTRIBUTION_KIND, type CreditedContribution, creditOf, ROW_CREDIT } from './credit-split.ts';

const { data, label, validation } = CONTRIBUTION_KIND;
const of = (
  id: number,
  kind: number,
  rowCount: number,
  refersTo = 0,
  firstRow = 0,
): CreditedContribution => ({
  asset: 4 * id,
  kind,
  rowCount,
  refersTo,
  firstRow,
});
const total = (credit: Map<number, bigint>) => [...credit.values()].reduce((sum, one) => sum + one, 0n);

describe('the split of a row’s credit', () => {
  it('gives data alone the whole row', () => {
    expect([...creditOf([of(1, data, 3), of(2, data, 1)])]).toEqual([
      [4, 3_000_000n],
      [8, 1_000_000n],
    ]);
  });

  it('splits 60 : 30 : 10 between data, label and validation of the same row', () => {
    const credit = creditOf([of(1, data, 2), of(2, label, 2, 1), of(3, validation, 1, 1, 1)]);
    // Row 0 has no validation: 60 : 30. Row 1 has all three.
    expect(credit.get(8)).toBe(BigInt(Math.floor((ROW_CREDIT * 30) / 90) + 300_000));
    expect(credit.get(12)).toBe(100_000n);
    expect(total(credit)).toBe(2_000_000n);
    expect(credit.get(4)).toBe(total(credit) - credit.get(8)! - credit.get(12)!);
  });

  it('shares one part between several of a kind', () => {
    const credit = creditOf([
      of(1, data, 1),
      of(2, label, 1, 1),
      of(3, label, 1, 1),
      of(4, validation, 1, 1),
    ]);
    expect([...credit.values()]).toEqual([600_000n, 150_000n, 150_000n, 100_000n]);
  });

  it('lets a label stand for itself when its data are not in the run', () => {
    expect(creditOf([of(1, data, 1), of(2, label, 2, 9)]).get(8)).toBe(2_000_000n);
  });

  it('gives out every row exactly once, whatever refers to what', () => {
    const contributions = [
      of(1, data, 7),
      of(2, data, 3),
      of(3, label, 4, 1, 2),
      of(4, label, 7, 1),
      of(5, validation, 3, 2),
      of(6, validation, 2, 1, 5),
    ];
    expect(total(creditOf(contributions))).toBe(10_000_000n);
  });
});
