import { sameHex, utf8 } from '@openledger/sdk/protocol/bytes';
import type { DisclosedReceipt } from '@openledger/sdk/protocol/claim-data';
import { outputTree, requestHash } from '@openledger/sdk/protocol/content';
import type { CitedRow } from '@openledger/sdk/protocol/context';
import { type Evidence, encodeItems, ITEM_LIMITS } from '@openledger/sdk/protocol/items';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { type Hex, toHex } from 'viem';
import { z } from 'zod';
import { type EvidenceEngine, findEvidence } from '../attribution/attribute.ts';
import type { ReceiptOpening } from '../claims/receipt-opening.ts';
import { chatBody, completionBody, paymentBody } from '../gateway/openai.ts';
import { tokensWanted } from '../gateway/plan.ts';
import { makePrompt } from '../gateway/prompt.ts';
import type { TextEngine, VerifiedAdapter } from '../models/types.ts';

/** What an audit made of a receipt: `unchecked` where something is needed that a validator does not have. */
export type AuditOutcome = { outcome: 'right' | 'wrong' | 'unchecked'; problems: string[] };

export type CheckDeps = {
  tokenizer: Pick<TextEngine, 'encodeChat' | 'encodeText'>;
  engine: Pick<EvidenceEngine, 'paidSpans' | 'queryVector'>;
};

/** A row in a receipt's prompt, with the datanet that it is of. */
export type AuditedRow = CitedRow & { datanet: number };

const openledger = paymentBody.pick({ retrieval: true }).default({});
const limits = { max_tokens: true } as const;
const asked = z.union([
  chatBody.pick({ messages: true, max_completion_tokens: true, ...limits }).extend({ openledger }),
  completionBody.pick({ prompt: true, ...limits }).extend({ openledger }),
]);
type Asked = z.infer<typeof asked>;

/**
 * Recomputes what a claim says of an opened receipt: its commitments, its prompt's tokens and its evidence. `rows` are those
 * that the receipt says were placed in its prompt. Whether others fitted the question better is not checked.
 */
export async function checkOpening(
  { tokenizer, engine }: CheckDeps,
  { receipt, items, queryHash }: DisclosedReceipt,
  { request, output, salt }: ReceiptOpening,
  rows: readonly AuditedRow[],
  adapter: VerifiedAdapter | undefined,
): Promise<AuditOutcome> {
  const problems: string[] = [];
  if (!sameHex(requestHash(salt, utf8(request)), receipt.requestHash))
    problems.push('The request is another one.');
  const text = utf8(output);
  if (text.length !== receipt.outputLength || !sameHex(plainRoot(outputTree(salt, text)), receipt.outputRoot))
    problems.push('The answer is another one.');
  if (problems.length > 0) return { outcome: 'wrong', problems };

  const parsed = asked.safeParse(parseJson(request));
  if (!parsed.success) return unchecked('The request asks for no text.');
  const { tokens } = tokensWanted(parsed.data);
  if (receipt.tokensOut > tokens)
    problems.push(`${tokens} tokens were asked for at most, and ${receipt.tokensOut} were billed.`);
  problems.push(...faultsOfRows(parsed.data, rows));
  const body = parsed.data as Parameters<typeof makePrompt>[0];
  const room = { ...tokenizer, contextLength: Number.POSITIVE_INFINITY };
  const { promptTokens } = await makePrompt(body, room, { retrieve: async () => [...rows] });
  if (promptTokens.length !== receipt.tokensIn)
    problems.push(`The prompt has ${promptTokens.length} tokens, and ${receipt.tokensIn} were billed.`);
  const found = await findEvidence({ receipt, output, promptTokens, context: [...rows] }, adapter, engine);
  if (!sameHex(found.queryHash, queryHash)) problems.push('The query vector is another one.');
  // What costs nothing pays nobody: its evidence is not listed.
  const listed = receipt.fee === 0n ? [] : found.listed;
  const claimed = items.filter(({ kind }) => kind < ITEM_LIMITS.length);
  if (!sameHex(bytesOf(listed), bytesOf(claimed))) problems.push('The evidence is other evidence.');
  return { outcome: problems.length === 0 ? 'right' : 'wrong', problems };
}

/** What is wrong with the rows in a prompt, whatever else could have been there. */
function faultsOfRows({ openledger: { retrieval } }: Asked, rows: readonly AuditedRow[]): string[] {
  if (rows.length === 0) return [];
  if (retrieval === undefined) return ['Rows were placed in its prompt, and none were asked for.'];
  const { datanets, k } = retrieval;
  return [
    ...(rows.length > k ? [`${rows.length} rows were placed in its prompt, and ${k} were asked for.`] : []),
    ...rows
      .filter(({ datanet }) => !datanets.includes(datanet))
      .map(({ asset, row }) => `Row ${row} of asset ${asset} is of a datanet that was not asked for.`),
  ];
}

/** Evidence without its amounts: those follow from it, and a fraud proof of its own checks them. */
function bytesOf(evidence: readonly Evidence[]): Hex {
  return toHex(encodeItems(evidence.map((one) => ({ ...one, amount: 0n }))));
}

function unchecked(why: string): AuditOutcome {
  return { outcome: 'unchecked', problems: [why] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
