import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { keccak, utf8 } from '@openledger/sdk/protocol/bytes';
import { describe, expect, it } from 'vitest';
import { prepareDataset } from '../dataset/prepare.ts';
import { croissantOf, type DatanetFacts } from './croissant.ts';

const golden = new URL('../../golden/croissant/', import.meta.url);
const texts = ['lamps.txt', 'bells.txt'].map((name) => new Uint8Array(readFileSync(new URL(name, golden))));
const [registry, contributionToken, owner] = ['1', '2', '3'].map((digit) => `0x${digit.repeat(40)}` as const);

const facts: DatanetFacts = {
  ...{ chainId: 31337, registry, contributionToken, owner, id: 7 },
  ...{
    name: 'Lamps and bells',
    subject: 'What keepers tell',
    createdAt: 1_760_000_000,
    modifiedAt: 1_760_100_000,
  },
  version: keccak(utf8('version')),
  changes: 2,
  contributions: texts.map((bytes, index) => ({
    id: index + 4,
    contributor: `0x${'a'.repeat(39)}${index}` as const,
    licence: ['CC-BY-4.0', 'CC0-1.0'][index],
    committedAt: 1_760_000_500 + index,
    contentHash: keccak(bytes),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    byteLength: bytes.length,
  })),
  storeUrl: 'http://127.0.0.1:8650',
};

const { report } = prepareDataset(
  texts.map((content, index) => ({
    ...{
      id: index + 4,
      datanet: 7,
      name: `contribution ${index + 4}`,
      licence: 'CC-BY-4.0',
      content,
      promise: {},
    },
    ...({ standing: 'accepted', permission: 'open' } as const),
  })),
  { use: 'commercial' },
);

describe('A datanet as a Croissant dataset', () => {
  it('is the document that MLCommons’ own reader accepted and read rows from', () => {
    const accepted: unknown = JSON.parse(readFileSync(new URL('metadata.json', golden), 'utf8'));
    expect(croissantOf(facts, report)).toEqual(accepted);
  });

  it('says which sensitive patterns were found, and claims nothing without a report', () => {
    const leaking = {
      ...report,
      sensitive: [{ contribution: 4, row: 0, kind: 'e-mail', start: 0, length: 5 }],
    } as const;
    const described = croissantOf(facts, { ...leaking, sensitive: [...leaking.sensitive] });
    expect(described['rai:personalSensitiveInformation']).toContain('found e-mail');
    expect(croissantOf(facts)).not.toHaveProperty('rai:personalSensitiveInformation');
  });
});
