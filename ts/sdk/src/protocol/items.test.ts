import { describe, expect, it } from 'vitest';
import {
  compareItems,
  decodeSpan,
  encodeSpan,
  ITEM_KIND,
  influenceEvidence,
  NO_EVIDENCE,
  selectEvidence,
  spanEvidence,
} from './items.ts';

const SCHEME = 3;

describe('evidence', () => {
  it('keeps where a span is', () => {
    const span = { outOff: 2 ** 32 - 1, srcOff: 2 ** 40 - 1, len: 512 };
    expect(decodeSpan(encodeSpan(span))).toEqual(span);
    expect(encodeSpan({ outOff: 1, srcOff: 2, len: 64 })).toBe('0x0000000100000000020040000000');
  });

  it('is ordered by kind, then score downwards, then asset, then place', () => {
    const list = [
      spanEvidence(4, { outOff: 9, srcOff: 0, len: 64 }),
      influenceEvidence(8, 5n),
      influenceEvidence(4, 5n),
      influenceEvidence(12, 9n),
      spanEvidence(8, { outOff: 0, srcOff: 0, len: 70 }),
    ];
    expect(list.toSorted(compareItems).map(({ kind, asset }) => [kind, asset])).toEqual([
      [0, 12],
      [0, 4],
      [0, 8],
      [1, 8],
      [1, 4],
    ]);
  });

  it('is listed once per asset and kind, positive, and no more than the limits', () => {
    const influences = Array.from({ length: 12 }, (_, index) =>
      influenceEvidence(4 * (index + 1), BigInt(index - 1)),
    );
    const listed = selectEvidence([...influences, ...influences], SCHEME);
    expect(listed.map(({ score }) => score)).toEqual([10n, 9n, 8n, 7n, 6n, 5n, 4n, 3n]);
  });

  it('takes the first of equal spans of an asset', () => {
    const spans = [
      spanEvidence(4, { outOff: 5, srcOff: 1, len: 64 }),
      spanEvidence(4, { outOff: 2, srcOff: 9, len: 64 }),
      spanEvidence(4, { outOff: 2, srcOff: 3, len: 64 }),
    ];
    expect(selectEvidence(spans, SCHEME).map(({ evidence }) => decodeSpan(evidence))).toEqual([
      { outOff: 2, srcOff: 3, len: 64 },
    ]);
  });

  it('of kinds that the model does not pay by is not listed', () => {
    const retrieved = { asset: 4, kind: ITEM_KIND.retrieval, score: 5n, evidence: NO_EVIDENCE };
    expect(selectEvidence([retrieved, influenceEvidence(4, 5n)], 2)).toEqual([]);
  });
});
