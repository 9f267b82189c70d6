import type { Hex } from 'viem';

export type ReadmeFacts = {
  readonly name: string;
  readonly licence: string;
  readonly weightsHash: Hex;
  readonly tokenizerHash: Hex;
  /** What was merged in, and what it learned from. */
  readonly adapter?: { readonly hash?: Hex; readonly datanets: readonly number[] };
  /** How to run it. */
  readonly usage: string;
};

/** The `README.md` of an exported model: a model card as Hugging Face reads it. */
export function readmeOf({ name, licence, weightsHash, tokenizerHash, adapter, usage }: ReadmeFacts): string {
  const facts = [
    `- Base weights: \`${weightsHash}\` (keccak-256)`,
    `- Tokenizer: \`${tokenizerHash}\` (keccak-256 of \`tokenizer.json\`)`,
    ...(adapter?.hash === undefined ? [] : [`- Adapter: \`${adapter.hash}\``]),
    ...(adapter === undefined || adapter.datanets.length === 0
      ? []
      : [
          `- Learned from datanets ${adapter.datanets.join(', ')}; their contributors are paid for each answer that OpenLedger serves.`,
        ]),
  ];
  return [
    '---',
    `license: ${licence.toLowerCase()}`,
    'pipeline_tag: text-generation',
    'tags: [openledger]',
    '---',
    '',
    `# ${name}`,
    '',
    ...facts,
    '',
    '```js',
    usage,
    '```',
    '',
  ].join('\n');
}
