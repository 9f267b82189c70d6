import { keccak, sameHex, ZERO_HASH } from './bytes.ts';
import { encodeRow, rowsTree } from './content.ts';
import {
  type ContextRow,
  contextTree,
  decodeRetrieval,
  encodeContextRow,
  MAX_CONTEXT_ROWS,
} from './context.ts';
import type { FraudProof } from './fraud.ts';
import { ITEM_KIND, type Item } from './items.ts';
import { isLacking } from './listed.ts';
import { type OpenedClaim, openAttribution, type SubmittedContribution } from './open-claim.ts';
import { SCHEME } from './parameters.ts';
import { encodeReceipt, isNoAudit } from './receipts.ts';
import { provePlain } from './trees.ts';
import { encodeRetrievalWitness, type RetrievalWitness } from './witness-evidence.ts';

/** RETRIEVAL items that a receipt's context does not have, and rows of it that the receipt does not list. */
export function* findRetrievalFraud(opened: OpenedClaim): Generator<FraudProof> {
  const { attributions, disclosed, contexts, context } = opened;
  if (!attributions) return;
  for (const [position, committed] of attributions.list.entries()) {
    const receipt = disclosed[position]?.receipt;
    if (!committed || !receipt || committed.attribution.fee === 0n) continue;
    const { items, modelId } = committed.attribution;
    const hasContext = !sameHex(receipt.contextRoot, ZERO_HASH);
    const rows = contexts.get(position);
    const number = context.claim.firstReceipt + position;
    const placed = { ...openAttribution(attributions, position), position, receipt: encodeReceipt(receipt) };
    for (const [index, item] of items.entries()) {
      if (item.kind !== ITEM_KIND.retrieval) continue;
      const fault = hasContext
        ? itemFault(opened, item, rows)
        : { reason: 'no rows were retrieved', proof: {} };
      if (!fault) continue;
      yield {
        predicate: 'RetrievalPredicate',
        reason: `Receipt ${number}, item ${index}: ${fault.reason}.`,
        witness: encodeRetrievalWitness({ ...placed, fromContext: false, item: index, ...fault.proof }),
      };
    }
    const scheme = context.terms(modelId)?.scheme ?? 0;
    if (!rows || isNoAudit(receipt) || (scheme & SCHEME.retrieval) === 0) continue;
    for (const [contextPosition, row] of rows.entries()) {
      if (!isLacking(items, { asset: row.asset, kind: ITEM_KIND.retrieval, score: row.score })) continue;
      yield {
        predicate: 'RetrievalPredicate',
        reason: `Receipt ${number}: row ${row.row} of asset ${row.asset} was retrieved with the score ${row.score}, and it is not listed.`,
        witness: encodeRetrievalWitness({
          ...placed,
          fromContext: true,
          context: encodeContextRow(row),
          contextPath: provePlain(contextTree(rows), contextPosition),
          contextPosition,
        }),
      };
    }
  }
}

type Proof = Pick<RetrievalWitness, 'context' | 'contextPath' | 'row' | 'rowPath' | 'contribution'>;

function itemFault(
  { context }: OpenedClaim,
  item: Item,
  rows: readonly ContextRow[] | undefined,
): { reason: string; proof: Proof } | undefined {
  const { row, contextPosition } = decodeRetrieval(item.evidence);
  if (contextPosition >= MAX_CONTEXT_ROWS) return { reason: `it names place ${contextPosition}`, proof: {} };
  if (!rows) return undefined;
  const contextPath = provePlain(contextTree(rows), contextPosition);
  const placed = rows[contextPosition];
  if (!placed) return { reason: 'there is no row at its place in the prompt', proof: { contextPath } };
  const proof = { context: encodeContextRow(placed), contextPath };
  if (placed.asset !== item.asset || placed.row !== row || placed.score !== item.score) {
    return { reason: 'another row is at its place in the prompt', proof };
  }
  const contribution = context.contribution?.(item.asset);
  return contribution && rowFault(contribution, placed, proof);
}

function rowFault(
  { input, rows }: SubmittedContribution,
  placed: ContextRow,
  proof: Proof,
): { reason: string; proof: Proof } | undefined {
  const found = rows[placed.row];
  if (input.length === 0) return { reason: `asset ${placed.asset} was never submitted`, proof };
  if (!found) {
    return {
      reason: `asset ${placed.asset} has no row ${placed.row}`,
      proof: { ...proof, contribution: input },
    };
  }
  if (sameHex(keccak(found.bytes), placed.bytesHash)) return undefined;
  return {
    reason: `row ${placed.row} of asset ${placed.asset} is another one`,
    proof: {
      ...proof,
      contribution: input,
      row: encodeRow(found),
      rowPath: provePlain(rowsTree(rows), placed.row),
    },
  };
}
