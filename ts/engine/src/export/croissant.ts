import type { Hex } from 'viem';
import type { DatasetReport } from '../dataset/report.ts';

/** A datanet and its accepted contributions, as chain and content store have them. Times are seconds since 1970. */
export type DatanetFacts = {
  readonly chainId: number;
  /** Address of `DatanetRegistry`. */
  readonly registry: Hex;
  /** Address of `ContributionToken`. */
  readonly contributionToken: Hex;
  readonly id: number;
  readonly name: string;
  readonly subject: string;
  readonly owner: Hex;
  readonly createdAt: number;
  /** The registry's hash chain over acceptances and withdrawals. */
  readonly version: Hex;
  /** Acceptances and withdrawals so far. */
  readonly changes: number;
  readonly modifiedAt: number;
  readonly contributions: readonly ContributionFacts[];
  /** Where `GET /v1/store/<hash>` answers. */
  readonly storeUrl: string;
};

export type ContributionFacts = {
  readonly id: number;
  readonly contributor: Hex;
  readonly licence: string;
  readonly committedAt: number;
  /** keccak256 of the content, its name in the store. */
  readonly contentHash: Hex;
  /** Hexadecimal, without 0x. */
  readonly sha256: string;
  readonly byteLength: number;
};

/** The terms of Croissant 1.1 (http://mlcommons.org/croissant/1.1), and PROV for where things come from. */
const CONTEXT = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  arrayShape: 'cr:arrayShape',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  containedIn: 'cr:containedIn',
  cr: 'http://mlcommons.org/croissant/',
  rai: 'http://mlcommons.org/croissant/RAI/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  description: { '@container': '@language' },
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  extract: 'cr:extract',
  field: 'cr:field',
  fileProperty: 'cr:fileProperty',
  fileObject: 'cr:fileObject',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isArray: 'cr:isArray',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  name: { '@container': '@language' },
  parentField: 'cr:parentField',
  path: 'cr:path',
  prov: 'http://www.w3.org/ns/prov#',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
} as const;

/** Descriptions of the kind that a report of sensitive rows allows. */
const NOTHING_FOUND =
  'A scan for e-mail addresses, phone numbers, IBANs, card numbers, IP addresses, private keys and API tokens found none. Names and other personal data are not recognised by it.';

/**
 * A datanet as a Croissant 1.1 dataset: one file per contribution with its hashes, one record set per file with its text.
 * Identifiers of chain things follow CAIP-10 and CAIP-22.
 */
export function croissantOf(facts: DatanetFacts, report?: DatasetReport): Record<string, unknown> {
  const { chainId, registry, contributionToken, id, contributions } = facts;
  const account = (address: Hex) => ({
    '@type': 'Organization',
    '@id': `eip155:${chainId}:${address.toLowerCase()}`,
    name: address,
  });
  const contributors = [...new Set(contributions.map(({ contributor }) => contributor))];
  return {
    '@context': CONTEXT,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.1',
    name: facts.name,
    description: `${facts.subject}. A datanet of OpenLedger: rows by several contributors, accepted by curators; whoever owns a contribution is paid when a model's answer rests on it.`,
    url: `${facts.storeUrl}/v1/store`,
    identifier: `eip155:${chainId}/erc721:${registry.toLowerCase()}/${id}`,
    // Each acceptance or withdrawal changes the content, so it counts as a major version.
    version: `${facts.changes}.0.0`,
    isLiveDataset: true,
    license: [...new Set(contributions.map(({ licence }) => licenceUrl(licence)))].sort(),
    creator: contributors.map(account),
    publisher: account(facts.owner),
    dateCreated: dateOf(facts.createdAt),
    datePublished: dateOf(facts.createdAt),
    dateModified: dateOf(facts.modifiedAt),
    citeAs: `@misc{openledger-datanet-${id}, title = {${facts.name}}, note = {OpenLedger datanet ${id} on chain ${chainId}, version ${facts.version}}}`,
    'rai:dataCollection':
      'Contributors submit batches of rows with a statement of their source; the commitment on chain says who was first, and curators of the datanet accept or reject each batch.',
    ...(report === undefined ? {} : qualityOf(report)),
    distribution: contributions.map((one) => ({
      '@type': 'cr:FileObject',
      '@id': fileId(one),
      name: fileId(one),
      identifier: `eip155:${chainId}/erc721:${contributionToken.toLowerCase()}/${one.id}`,
      contentUrl: `${facts.storeUrl}/v1/store/${one.contentHash}`,
      contentSize: `${one.byteLength} B`,
      encodingFormat: 'text/plain',
      sha256: one.sha256,
      license: licenceUrl(one.licence),
      dateCreated: dateOf(one.committedAt),
      'prov:wasAttributedTo': account(one.contributor),
    })),
    recordSet: contributions.map((one) => ({
      '@type': 'cr:RecordSet',
      '@id': `text-${one.id}`,
      name: `text-${one.id}`,
      description: `The text of contribution ${one.id}. Its rows are separated by one blank line.`,
      field: [
        {
          '@type': 'cr:Field',
          '@id': `text-${one.id}/rows`,
          name: `text-${one.id}/rows`,
          description: 'All rows, as UTF-8 text.',
          dataType: 'sc:Text',
          source: { fileObject: { '@id': fileId(one) }, extract: { fileProperty: 'content' } },
        },
      ],
    })),
  };
}

/** What the dataset report says, in the words of Croissant's RAI extension. */
function qualityOf({ totals, sensitive, nearDuplicates }: DatasetReport): Record<string, unknown> {
  const kinds = [...new Set(sensitive.map(({ kind }) => kind))].sort();
  return {
    'rai:personalSensitiveInformation':
      kinds.length === 0
        ? NOTHING_FOUND
        : `A scan for patterns found ${kinds.join(', ')} in ${totals.sensitiveRows} of ${totals.rows} rows.`,
    'rai:dataLimitations': `${totals.exactDuplicates} rows repeat an earlier row, ${totals.nearDuplicates} more are near to one (${nearDuplicates.length} clusters). Rows are claims of their contributors; nobody vouches for their truth.`,
  };
}

const fileId = ({ id }: ContributionFacts) => `contribution-${id}.txt`;
const dateOf = (seconds: number) => new Date(1000 * seconds).toISOString().slice(0, 10);

/** SPDX's page of a licence; an expression stays as it is. */
function licenceUrl(licence: string): string {
  return /^[\w.+-]+$/.test(licence) ? `https://spdx.org/licenses/${licence}.html` : licence;
}
