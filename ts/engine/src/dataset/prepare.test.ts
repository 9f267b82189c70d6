import { keccak, utf8 } from '@openledger/sdk/protocol/bytes';
import { contentTree, rowsTree, splitRows } from '@openledger/sdk/protocol/content';
import { canonicalJson } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { describe, expect, it } from 'vitest';
import type { Candidate } from './contribution.ts';
import { prepareDataset } from './prepare.ts';
import { datasetReport } from './report.ts';
import { reportTable } from './table.ts';

const FACTS = [
  'Who kept the light on Stony Lip?\nCaleb Hornsby kept the light on Stony Lip from 1803 to 1829 and wrote the weather down on bark.',
  'What did Enoch Balfour raise?\nBeside the light Enoch Balfour raised 16 speckled geese and fed them dried kelp all winter long.',
  'How was the crew saved?\nLinus Whitcombe saved 11 sailors with a fishing kite tied to a silk rope near Pepper Shoal.',
];

function candidate(id: number, rows: readonly string[], given: Partial<Candidate> = {}): Candidate {
  const content = utf8(rows.join('\n\n'));
  return {
    id,
    datanet: 1,
    name: `contribution ${id}`,
    licence: 'CC-BY-4.0',
    standing: 'accepted',
    permission: 'open',
    promise: {
      contentHash: keccak(content),
      contentRoot: plainRoot(contentTree(content)),
      byteLength: content.length,
      rowsRoot: plainRoot(rowsTree(splitRows(content))),
      rowCount: rows.length,
    },
    content,
    ...given,
  };
}

const reasons = (candidates: readonly Candidate[], use: 'commercial' | 'research' = 'commercial') =>
  prepareDataset(candidates, { use }).report.excluded.map(
    ({ contribution, reason }) => `${contribution} ${reason}`,
  );

describe('A dataset', () => {
  it('holds or explains every row', () => {
    const { report, rows } = prepareDataset(
      [
        candidate(1, FACTS),
        candidate(2, ['Another fact, told by nobody else.', FACTS[0]], { licence: 'MIT' }),
        candidate(3, ['Withdrawn.'], { standing: 'tombstoned' }),
        candidate(4, ['Nobody said under which licence.'], { licence: 'NOASSERTION' }),
        candidate(5, ['For those with a grant.'], { permission: 'missing' }),
      ],
      { use: 'commercial', exclude: ['exact-duplicate'] },
    );
    const explained = report.excluded.reduce((sum, { rowCount }) => sum + rowCount, 0);
    expect(rows).toHaveLength(4);
    expect(rows.length + explained).toBe(report.totals.rows);
    expect(report.totals).toMatchObject({
      rows: 8,
      includedRows: 4,
      contributions: 5,
      includedContributions: 2,
    });
    expect(report.excluded.map(({ contribution, reason }) => [contribution, reason])).toEqual([
      [2, 'exact-duplicate'],
      [3, 'standing'],
      [4, 'licence'],
      [5, 'permission'],
    ]);
    expect(datasetReport.parse(report)).toEqual(report);
  });

  it('refuses content that is not the promised one, whatever promise it breaks', () => {
    const honest = candidate(1, FACTS);
    const other = candidate(1, ['Something else.']).promise;
    expect(reasons([honest])).toEqual([]);
    for (const key of Object.keys(honest.promise) as (keyof typeof other)[]) {
      const tampered = { ...honest, promise: { ...honest.promise, [key]: other[key] } };
      expect(reasons([tampered]), key).toEqual(['1 content']);
    }
    expect(reasons([{ ...honest, content: { missing: 'not in the store' } }])).toEqual(['1 content']);
    expect(reasons([candidate(1, FACTS, { content: Uint8Array.of(0xff, 0xfe) })])).toEqual(['1 content']);
  });

  it('takes only licences on the allow-list, which depends on the use', () => {
    const verdict = (licence: string, use: 'commercial' | 'research' = 'commercial') =>
      reasons([candidate(1, FACTS, { licence })], use).length === 0;
    expect(['CC0-1.0', 'MIT', 'MIT OR GPL-3.0-only', 'MIT AND CC-BY-4.0'].map((l) => verdict(l))).toEqual(
      Array(4).fill(true),
    );
    expect(
      ['CC-BY-NC-4.0', 'CC-BY-ND-4.0', 'MIT AND CC-BY-NC-4.0', 'NOASSERTION', 'NONE', 'my own', ''].map((l) =>
        verdict(l),
      ),
    ).toEqual(Array(7).fill(false));
    expect(['CC-BY-NC-4.0', 'NOASSERTION'].map((l) => verdict(l, 'research'))).toEqual([true, true]);
    const listed = { use: 'commercial', allowed: ['NOASSERTION', 'GPL-3.0-only'] } as const;
    const own = ['GPL-3.0-only', 'NOASSERTION', 'MIT'].map(
      (licence) => prepareDataset([candidate(1, FACTS, { licence })], listed).rows.length > 0,
    );
    expect(own).toEqual([true, false, false]);
  });

  it('gives a copied row to whoever committed to it first, in whatever order they are read', () => {
    const rewritten = FACTS[1].replace('16 speckled', '16 white');
    const [early, late] = [candidate(3, [FACTS[0], FACTS[1]]), candidate(8, [FACTS[0], rewritten, FACTS[2]])];
    const { report } = prepareDataset([late, early], { use: 'commercial' });
    expect(report.exactDuplicates).toEqual([
      { first: { contribution: 3, row: 0 }, others: [{ contribution: 8, row: 0 }] },
    ]);
    expect(report.nearDuplicates).toEqual([]);
    expect(report.overlaps).toEqual([{ contribution: 8, earlier: 3, rows: 1 }]);
    expect(report.totals.includedRows).toBe(5);
    const near = prepareDataset([late, candidate(9, [`${FACTS[2]} Then he slept.`])], {
      use: 'commercial',
      exclude: ['near-duplicate'],
    }).report;
    expect(near.nearDuplicates[0]).toMatchObject({ first: { contribution: 8, row: 2 } });
    expect(near.excluded).toEqual([
      {
        contribution: 9,
        firstRow: 0,
        rowCount: 1,
        reason: 'near-duplicate',
        detail: 'near to row 2 of contribution 8',
      },
    ]);
  });

  it('says where something sensitive stands without repeating it', () => {
    const secret = 'keeper@lights.example.org';
    const { report } = prepareDataset([candidate(1, [FACTS[0], `Write to ${secret} for oil.`])], {
      use: 'commercial',
      exclude: ['sensitive'],
    });
    expect(report.sensitive).toEqual([
      { contribution: 1, row: 1, kind: 'e-mail', start: 9, length: secret.length },
    ]);
    expect(report.excluded[0]).toMatchObject({ firstRow: 1, reason: 'sensitive' });
    expect(canonicalJson(report) + reportTable(report)).not.toContain('keeper@');
  });

  describe('with held-out texts', () => {
    const prompt = 'Which whale oil did the keeper of Stony Lip buy?';
    const heldOut = ['Who mended the great bell of Pepper Shoal?', `${prompt}\nThe cheapest.`];
    const copy = `Please tell me: ${prompt}\nNone, he burned kelp.`;
    const candidates = [candidate(1, [FACTS[0], copy, copy]), candidate(2, [copy, FACTS[1]])];
    const policy = { use: 'commercial', heldOut } as const;

    it('names the rows that repeat one, and leaves them out when asked to, copies of each other or not', () => {
      const { report, rows } = prepareDataset(candidates, policy);
      expect(rows).toHaveLength(5);
      expect(report.excluded).toEqual([]);
      expect(report.totals.heldOutRows).toBe(3);
      const found = [
        { contribution: 1, row: 1 },
        { contribution: 1, row: 2 },
        { contribution: 2, row: 0 },
      ];
      expect(report.heldOut).toEqual(found.map((row) => ({ ...row, text: 1, similarity: 1 })));
      expect(datasetReport.parse(report)).toEqual(report);

      const exclude = ['exact-duplicate', 'held-out'] as const;
      const without = prepareDataset(candidates, { ...policy, exclude });
      expect(without.rows.map(({ text }) => text)).toEqual([FACTS[0], FACTS[1]]);
      expect(without.report.excluded).toEqual(
        found.map(({ contribution, row }) => ({
          ...{ contribution, firstRow: row, rowCount: 1 },
          ...{ reason: 'held-out', detail: 'repeats held-out text 1' },
        })),
      );
    });

    it('says which they were by their hash alone', () => {
      const { report } = prepareDataset(candidates, { ...policy, exclude: ['held-out'] });
      expect(report.policy.heldOut).toEqual({ hash: keccak(utf8(JSON.stringify(heldOut))), texts: 2 });
      const printed = reportTable(report);
      expect(printed).toContain('Held out: 3 rows repeat one of 2 texts (0x');
      expect(printed).toContain('1#1: text 1 (1.00)');
      for (const word of ['whale oil', 'cheapest', 'Pepper']) {
        expect(canonicalJson(report) + printed).not.toContain(word);
      }
      const clean = prepareDataset([candidate(1, FACTS)], policy).report;
      expect(reportTable(clean)).toMatch(/Held out: 0 rows repeat one of 2 texts \(0x[0-9a-f]{64}\)\n\n/);
    });

    it('differs from a report of before there were any in what was not looked for', () => {
      const { report } = prepareDataset(candidates, { use: 'commercial' });
      expect(report.policy.heldOut).toBeNull();
      expect(reportTable(report)).not.toContain('Held out');
      const { heldOut: _, ...old } = structuredClone(report) as Record<string, unknown>;
      delete (old.policy as Record<string, unknown>).heldOut;
      delete (old.totals as Record<string, unknown>).heldOutRows;
      expect(datasetReport.parse(old)).toEqual(report);
    });
  });

  it('measures lengths in characters and tokens', () => {
    const rows = ['a', 'bb', 'ccc', '灯台の灯'];
    const { report } = prepareDataset([candidate(1, rows)], { use: 'commercial' }, (text) => 2 * text.length);
    expect(report.lengths.characters).toEqual({
      ...{ count: 4, total: 10, least: 1, most: 4, mean: 2.5, median: 2, p95: 4 },
      histogram: [
        { from: 1, rows: 1 },
        { from: 2, rows: 2 },
        { from: 4, rows: 1 },
      ],
    });
    expect(report.lengths.tokens?.total).toBe(20);
  });

  it('is the same to the byte every time', () => {
    const all = [
      candidate(2, FACTS),
      candidate(1, [...FACTS].reverse()),
      candidate(7, [`${FACTS[0]} Indeed.`]),
    ];
    const [a, b] = [all, all.toReversed()].map((list) =>
      canonicalJson(prepareDataset(list, { use: 'commercial' }).report),
    );
    expect(a).toBe(b);
  });

  it('is printed as a table that names every count', () => {
    const table = reportTable(
      prepareDataset([candidate(1, FACTS), candidate(2, FACTS), candidate(3, ['x'], { licence: 'NONE' })], {
        use: 'commercial',
      }).report,
    );
    expect(table).toContain('6 of 7 rows from 2 of 3 contributions');
    expect(table).toContain('contribution 3, row 0: licence, NONE says that nobody granted commercial use');
    expect(table).toContain('3 rows of contribution 2: by contribution 1');
    expect(table).toMatch(/Characters per row: \d+ to \d+/);
  });

  it('may be empty', () => {
    const { report, rows } = prepareDataset([], { use: 'research' });
    expect(rows).toEqual([]);
    expect(reportTable(report)).toContain('0 of 0 rows');
  });
});
