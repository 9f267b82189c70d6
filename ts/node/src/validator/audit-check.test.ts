import { utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { outputTree, requestHash } from '@openledger/sdk/protocol/content';
import { contextRoot, contextRowOf, retrievalEvidence } from '@openledger/sdk/protocol/context';
import { SCHEME } from '@openledger/sdk/protocol/parameters';
import type { Receipt } from '@openledger/sdk/protocol/receipts';
import { SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import type { VerifiedAdapter } from '../models/types.ts';
import { type AuditedRow, type CheckDeps, checkOpening } from './audit-check.ts';

const salt: Hex = `0x${'5a'.repeat(32)}`;
const output = 'Ada kept the light.';
const rows: AuditedRow[] = [
  { asset: 11, row: 0, score: 900n, datanet: 1, text: 'Ada kept the light until 1871.' },
  { asset: 12, row: 3, score: 400n, datanet: 2, text: 'The light is made of brass.' },
];
/** An adapter that pays for retrieval alone, a word as a token, and no other evidence. */
const adapter = {
  model: { terms: { scheme: SCHEME.retrieval } },
  sketches: [],
} as unknown as VerifiedAdapter;
const words = (text: string) => text.split(/\s+/).map((_, i) => i);
const deps: CheckDeps = {
  tokenizer: {
    encodeText: words,
    encodeChat: (messages) => words(messages.map(({ content }) => content).join(' ')),
  },
  engine: { paidSpans: async () => [], queryVector: async () => new Int8Array(SKETCH_LENGTH) },
};

/** A request, and what a claim says of its answer. */
function answered(body: Record<string, unknown>, placed: AuditedRow[], receipt: Partial<Receipt> = {}) {
  const request = JSON.stringify({ messages: [{ role: 'user', content: 'Who kept the light?' }], ...body });
  const told = placed.flatMap(({ text }, i) => [`[${i + 1}]`, ...text.split(' ')]);
  const disclosed = {
    receipt: {
      ...{ channelId: ZERO_HASH, epoch: 1, position: 0, modelId: 2, flags: 0, servedAt: 0, fee: 10n ** 9n },
      ...{ tokensIn: told.length + 4, tokensOut: 4, requestHash: requestHash(salt, utf8(request)) },
      ...{ outputRoot: plainRoot(outputTree(salt, utf8(output))), outputLength: output.length },
      contextRoot: contextRoot(placed.map(contextRowOf)),
      ...receipt,
    },
    items: retrievalEvidence(placed.map(contextRowOf)).map((one) => ({ ...one, amount: 1n })),
    queryHash: ZERO_HASH,
  };
  return {
    disclosed,
    check: (shown = placed) => checkOpening(deps, disclosed, { request, output, salt }, shown, adapter),
  };
}

const retrieval = (datanets: number[], k: number) => ({ openledger: { retrieval: { datanets, k } } });

describe('A drawn receipt', () => {
  it('is right with the rows that were asked for in its prompt, and without any', async () => {
    expect(await answered({}, []).check()).toEqual({ outcome: 'right', problems: [] });
    expect(await answered(retrieval([1, 2], 2), rows).check()).toEqual({ outcome: 'right', problems: [] });
    expect(await answered(retrieval([1, 2], 4), []).check()).toEqual({ outcome: 'right', problems: [] });
  });

  it('is wrong when more tokens are billed than its rows make, or than were asked for', async () => {
    expect(await answered(retrieval([1, 2], 2), rows, { tokensIn: 40 }).check()).toEqual({
      outcome: 'wrong',
      problems: ['The prompt has 18 tokens, and 40 were billed.'],
    });
    expect(await answered({ max_tokens: 3 }, []).check()).toEqual({
      outcome: 'wrong',
      problems: ['3 tokens were asked for at most, and 4 were billed.'],
    });
    expect(await answered({}, [], { tokensOut: 257 }).check()).toMatchObject({ outcome: 'wrong' });
  });

  it('is wrong with rows that were not asked for', async () => {
    const { problems } = await answered({}, rows).check();
    expect(problems[0]).toBe('Rows were placed in its prompt, and none were asked for.');
    expect((await answered(retrieval([1], 2), rows).check()).problems).toEqual([
      'Row 3 of asset 12 is of a datanet that was not asked for.',
    ]);
    expect((await answered(retrieval([1, 2], 1), rows).check()).problems).toEqual([
      '2 rows were placed in its prompt, and 1 were asked for.',
    ]);
  });

  it('is wrong when its evidence is not what its rows give', async () => {
    const one = answered(retrieval([1, 2], 2), rows);
    one.disclosed.items.reverse();
    expect((await one.check()).problems).toEqual(['The evidence is other evidence.']);
  });
});
