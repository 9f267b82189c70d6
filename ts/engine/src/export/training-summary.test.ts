import { utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { describe, expect, it } from 'vitest';
import { prepareDataset } from '../dataset/prepare.ts';
import { type TrainingContent, type TrainingDatanet, trainingSummary } from './training-summary.ts';

const datanet: TrainingDatanet = {
  ...{ id: 1, name: 'Lamps', subject: 'Lamps of the coast', isPermissioned: false, licences: ['CC-BY-4.0'] },
  ...{
    contributors: 2,
    contributions: 3,
    rows: 60,
    byteLength: 9_000,
    from: 1_760_000_000,
    until: 1_760_600_000,
  },
};
const content: TrainingContent = {
  ...{ model: 'guide', chainId: 31337, modelId: 2, publishedAt: 1_761_000_000, licence: 'CC-BY-4.0' },
  registry: `0x${'ab'.repeat(20)}`,
  provider: `0x${'cd'.repeat(20)}`,
  parent: { modelId: 1, weightsHash: ZERO_HASH },
  runId: ZERO_HASH,
  datanets: [datanet, { ...datanet, id: 2, name: 'Ledgers', isPermissioned: true, licences: ['MIT'] }],
};

/** The text under a heading. */
const section = (summary: string, number: string) => summary.split(`\n### ${number} `)[1].split('\n#')[0];

describe('The summary of training content', () => {
  it('has every section of the template, in its order', () => {
    const headings = [...trainingSummary(content).matchAll(/^#+ (\d(?:\.\d)?)/gm)].map(
      ([, number]) => number,
    );
    const [general, sources, processing] = [
      ['1.', '1.1', '1.2', '1.3'],
      ['2.', '2.1', '2.2', '2.3', '2.4', '2.5', '2.6'],
      ['3.', '3.1', '3.2', '3.3'],
    ].map((numbers) => numbers.map((number) => number.replace(/\.$/, '')));
    expect(headings).toEqual([...general, ...sources, ...processing]);
  });

  it('lists open datanets as public and those with grants as private', () => {
    const summary = trainingSummary(content);
    expect(section(summary, '2.1')).toMatch(/Lamps .*2025-10-09 to 2025-10-16, under CC-BY-4.0/);
    expect(section(summary, '2.1')).not.toContain('Ledgers');
    expect(section(summary, '2.2')).toContain('Ledgers');
    expect(section(summary, '1.3')).toContain('less than 1 billion tokens (120 rows, 18000 bytes)');
  });

  it('repeats what was found in the data, and leaves to the provider what no chain knows', () => {
    const { report } = prepareDataset(
      [
        {
          ...{
            id: 1,
            datanet: 1,
            name: '',
            licence: 'MIT',
            promise: {},
            content: utf8('Write to a.b@example.org.'),
          },
          ...({ standing: 'accepted', permission: 'open' } as const),
        },
      ],
      { use: 'commercial' },
      (text) => text.length,
    );
    const summary = trainingSummary({ ...content, report });
    expect(section(summary, '3.2')).toContain('1 of 1 hold what looks like personal data');
    expect(section(summary, '1.3')).toContain('25 tokens');
    for (const number of ['1.1', '2.3', '2.4', '2.5', '3.1', '3.2']) {
      expect(section(summary, number), number).toContain('To be stated by the provider');
    }
  });
});
