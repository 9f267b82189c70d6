import { describe, expect, it } from 'vitest';
import { keccak, utf8, ZERO_HASH } from './bytes.ts';
import {
  type CitedRow,
  contextRoot,
  contextRowOf,
  decodeRetrieval,
  encodeRetrieval,
  isContextOf,
  retrievalEvidence,
  withContext,
} from './context.ts';

const row = (asset: number, number: number, score: bigint): CitedRow => ({
  asset,
  row: number,
  score,
  text: `row ${number} of ${asset}`,
});
const rows = [row(4, 1, 10n), row(8, 0, 30n), row(4, 2, 20n)].map(contextRowOf);

describe('the rows of a prompt', () => {
  it('are committed to by place, text and score, and not at all when there are none', () => {
    expect(rows[0]!.bytesHash).toBe(keccak(utf8('row 1 of 4')));
    expect(contextRoot([])).toBe(ZERO_HASH);
    expect(isContextOf({ contextRoot: contextRoot(rows) }, rows)).toBe(true);
    expect(isContextOf({ contextRoot: contextRoot(rows) }, rows.toReversed())).toBe(false);
    expect(
      isContextOf({ contextRoot: contextRoot(rows) }, [{ ...rows[0]!, score: 11n }, ...rows.slice(1)]),
    ).toBe(false);
    expect(isContextOf({ contextRoot: ZERO_HASH }, rows)).toBe(false);
    expect(
      isContextOf(
        { contextRoot: contextRoot(rows) },
        Array.from({ length: 17 }, () => rows[0]!),
      ),
    ).toBe(false);
  });

  it('are evidence: per contribution the best row, where it is', () => {
    const found = retrievalEvidence(rows);
    expect(found.map(({ asset, score, evidence }) => [asset, score, decodeRetrieval(evidence)])).toEqual([
      [4, 20n, { row: 2, contextPosition: 2 }],
      [8, 30n, { row: 0, contextPosition: 1 }],
    ]);
    expect(encodeRetrieval({ row: 0x01020304, contextPosition: 0x0a0b })).toBe(
      '0x010203040a0b0000000000000000',
    );
  });

  it('stand before the conversation, numbered, in one system message', () => {
    const user = { role: 'user' as const, content: 'What is blue?' };
    expect(withContext([user], [])).toEqual([user]);
    expect(withContext([user], ['a', 'b'])).toEqual([{ role: 'system', content: '[1] a\n\n[2] b' }, user]);
    expect(withContext([{ role: 'system', content: 'Be brief.' }, user], ['a'])).toEqual([
      { role: 'system', content: 'Be brief.\n\n[1] a' },
      user,
    ]);
  });
});
