import type { Hex } from 'viem';
import type { DatasetReport } from '../dataset/report.ts';

/** What chain and content store say of an adapter's training content. Times are seconds since 1970. */
export type TrainingContent = {
  readonly model: string;
  readonly chainId: number;
  /** Address of `ModelRegistry`. */
  readonly registry: Hex;
  readonly modelId: number;
  readonly provider: Hex;
  readonly publishedAt: number;
  readonly licence: string;
  /** The model that was modified. */
  readonly parent: { readonly modelId: number; readonly weightsHash: Hex };
  readonly runId: Hex;
  readonly datanets: readonly TrainingDatanet[];
  /** The report that was made with the training job; undefined when the card names none. */
  readonly report?: DatasetReport;
};

export type TrainingDatanet = {
  readonly id: number;
  readonly name: string;
  readonly subject: string;
  readonly isPermissioned: boolean;
  readonly licences: readonly string[];
  readonly contributors: number;
  readonly contributions: number;
  readonly rows: number;
  readonly byteLength: number;
  /** When the first and the last contribution were committed to. */
  readonly from: number;
  readonly until: number;
};

/** Where only the provider can answer. Nothing is guessed. */
const PROVIDER = '_To be stated by the provider._';

/**
 * A draft of the public summary of training content that Article 53(1)(d) of Regulation (EU) 2024/1689 asks of providers
 * of general-purpose models, in the order of the AI Office's template: for an adapter, the content of the modification.
 * What the chain knows is filled in; what it cannot know is left to the provider, by name.
 */
export function trainingSummary(content: TrainingContent): string {
  const { datanets } = content;
  const [open, closed] = [false, true].map((isPermissioned) =>
    datanets.filter((one) => one.isPermissioned === isPermissioned),
  );
  const latest = Math.max(...datanets.map(({ until }) => until));
  return [
    `# Summary of the training content of ${content.model}`,
    '',
    'Draft after the template for Article 53(1)(d) of Regulation (EU) 2024/1689. It covers the content of this modification; for the rest see the summary of the model that was modified.',
    '',
    '## 1. General information',
    '',
    '### 1.1 Provider',
    '',
    `- Account: eip155:${content.chainId}:${content.provider.toLowerCase()}`,
    `- Name, contact, representative: ${PROVIDER}`,
    '',
    '### 1.2 Model',
    '',
    `- Versioned name: ${content.model}, eip155:${content.chainId}/erc721:${content.registry.toLowerCase()}/${content.modelId}`,
    `- Modified model: ol-${content.parent.modelId}, weights ${content.parent.weightsHash}. Its own summary: ${PROVIDER}`,
    `- Published: ${dateOf(content.publishedAt)}; licence ${content.licence}`,
    `- Training run: ${content.runId}, anchored on chain with the hash of every input`,
    '',
    '### 1.3 Modalities and size',
    '',
    `- Text, ${sizeOf(content)}`,
    `- Content: ${datanets.map(({ subject }) => subject).join('; ')}`,
    `- Latest acquisition: ${dateOf(latest)}`,
    `- Languages and demographic traits: ${PROVIDER}`,
    '',
    '## 2. Data sources',
    '',
    '### 2.1 Publicly available datasets',
    '',
    ...listOf(open, 'None: every datanet asks for a grant.'),
    '',
    '### 2.2 Private datasets obtained from third parties',
    '',
    ...listOf(closed, 'None: every datanet is open.'),
    '',
    '### 2.3 Data crawled and scraped from online sources',
    '',
    `The run has no inputs but the contributions above. Whether a contributor gathered one online is in its statement of source: ${PROVIDER}`,
    '',
    '### 2.4 User data',
    '',
    `The run has no inputs but the contributions above; requests and answers of the service are none of them. Whether contributors wrote down data of users: ${PROVIDER}`,
    '',
    '### 2.5 Synthetic data',
    '',
    `Whether contributions were made by a model: ${PROVIDER}`,
    '',
    '### 2.6 Other sources',
    '',
    'None: the inputs of the run are the contributions above, and their hashes are on chain.',
    '',
    '## 3. Data processing',
    '',
    '### 3.1 Reservations of rights',
    '',
    `Each contribution names an SPDX licence that its datanet allows: ${licencesOf(datanets).join(', ')}. An owner who withdraws consent is left out of later runs. Measures against reserved works in contributions: ${PROVIDER}`,
    '',
    '### 3.2 Illegal content',
    '',
    `Curators accept or reject each contribution. ${checksOf(content.report)} Further measures: ${PROVIDER}`,
    '',
    '### 3.3 Other',
    '',
    'Contributors are paid for answers that rest on their contributions; each answer has a receipt that anyone can recompute.',
    '',
  ].join('\n');
}

/** The range of the template, with what was counted. */
function sizeOf({ datanets, report }: TrainingContent): string {
  const bytes = datanets.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const rows = datanets.reduce((sum, one) => sum + one.rows, 0);
  const tokens = report?.lengths.tokens?.total;
  // A token is at least one byte, so the bytes bound the tokens where they were not counted.
  const range = (tokens ?? bytes) < 1e9 ? 'less than 1 billion tokens' : '1 billion to 10 trillion tokens';
  return `${range} (${rows} rows, ${bytes} bytes${tokens === undefined ? '' : `, ${tokens} tokens`})`;
}

function listOf(datanets: readonly TrainingDatanet[], none: string): string[] {
  if (datanets.length === 0) return [none];
  return datanets.map(
    (one) =>
      `- ${one.name} (datanet ${one.id}): ${one.subject}. ${one.rows} rows in ${one.contributions} contributions by ${one.contributors} contributors, ${dateOf(one.from)} to ${dateOf(one.until)}, under ${one.licences.join(', ')}.`,
  );
}

function checksOf(report: DatasetReport | undefined): string {
  if (report === undefined) return 'The model card names no report on the data.';
  const { totals } = report;
  return `Before training, rows were scanned: ${totals.sensitiveRows} of ${totals.rows} hold what looks like personal data or a secret, ${totals.exactDuplicates} repeat another row, ${totals.nearDuplicates} are near to one.`;
}

const licencesOf = (datanets: readonly TrainingDatanet[]) =>
  [...new Set(datanets.flatMap(({ licences }) => licences))].sort();
const dateOf = (seconds: number) => new Date(1000 * seconds).toISOString().slice(0, 10);
