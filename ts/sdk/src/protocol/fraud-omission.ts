import { sameHex, ZERO_HASH } from './bytes.ts';
import type { FraudProof } from './fraud.ts';
import { type CommittedSketches, openSketches, queryOf } from './fraud-score.ts';
import { ITEM_KIND } from './items.ts';
import { hasPlaceFor } from './listed.ts';
import { type OpenedClaim, openAttribution } from './open-claim.ts';
import { encodeSketch, influenceScore, toInt8Bytes } from './sketch.ts';
import { provePlain } from './trees.ts';
import { encodeOmissionWitness } from './witness-evidence.ts';

/** Contributions with influence that receipts do not list. */
export function* findOmissionFraud(opened: OpenedClaim): Generator<FraudProof> {
  const { attributions, disclosed, context } = opened;
  if (!attributions) return;
  const models = new Map<number, CommittedSketches | undefined>();
  for (const [position, committed] of attributions.list.entries()) {
    if (!committed || committed.attribution.fee === 0n) continue;
    const { modelId, queryHash, items } = committed.attribution;
    const terms = context.terms(modelId);
    const query = queryOf(disclosed[position], queryHash);
    if (!terms || !query || sameHex(terms.sketchRoot, ZERO_HASH)) continue;
    if (!models.has(modelId)) models.set(modelId, openSketches(opened, modelId, terms));
    for (const sketch of models.get(modelId)?.byAsset.values() ?? []) {
      const { asset, sigma } = sketch;
      if (
        sigma > terms.sigmaCap ||
        items.some((item) => item.kind === ITEM_KIND.influence && item.asset === asset)
      ) {
        continue;
      }
      const score = influenceScore(sketch, query);
      if (!hasPlaceFor(items, { asset, kind: ITEM_KIND.influence, score })) continue;
      yield {
        predicate: 'OmissionPredicate',
        reason: `Receipt ${context.claim.firstReceipt + position}: asset ${asset} has the score ${score} and is not listed.`,
        witness: encodeOmissionWitness({
          ...openAttribution(attributions, position),
          position,
          query: toInt8Bytes(query),
          sketch: encodeSketch(sketch),
          sketchPath: provePlain(models.get(modelId)!.tree, asset),
        }),
      };
    }
  }
}
