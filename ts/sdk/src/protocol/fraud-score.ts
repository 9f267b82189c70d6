import type { Hex } from 'viem';
import { hashQueryVector } from './attribution.ts';
import { sameHex, ZERO_HASH } from './bytes.ts';
import type { DisclosedReceipt } from './claim-data.ts';
import type { FraudProof } from './fraud.ts';
import { ITEM_KIND } from './items.ts';
import { type OpenedClaim, openAttribution } from './open-claim.ts';
import type { ModelTerms } from './parameters.ts';
import { encodeSketch, influenceScore, type Sketch, sketchesTree, toInt8Bytes } from './sketch.ts';
import { type PlainTree, plainRoot, provePlain } from './trees.ts';
import { encodeScoreWitness } from './witness.ts';

/** A model's sketches, as it committed to them. */
export type CommittedSketches = { byAsset: Map<number, Sketch>; tree: PlainTree };

/** INFLUENCE items whose score is not what the committed vectors give. */
export function* findScoreFraud(opened: OpenedClaim): Generator<FraudProof> {
  const { attributions, disclosed, context, problems } = opened;
  if (!attributions) return;
  const models = new Map<number, CommittedSketches | undefined>();
  for (const [position, committed] of attributions.list.entries()) {
    const influences = [...(committed?.attribution.items ?? []).entries()].filter(
      ([, item]) => item.kind === ITEM_KIND.influence,
    );
    if (!committed || influences.length === 0) continue;
    const { modelId, queryHash } = committed.attribution;
    const terms = context.terms(modelId);
    if (!terms || sameHex(terms.sketchRoot, ZERO_HASH)) continue;
    if (!models.has(modelId)) models.set(modelId, openSketches(opened, modelId, terms));
    const sketches = models.get(modelId);
    if (!sketches) continue;

    const known = disclosed[position]?.opening?.queryVector;
    const query = queryOf(disclosed[position], queryHash);
    const number = context.claim.firstReceipt + position;
    if (known && !query) problems.push(`The query vector of receipt ${number} was not published.`);
    for (const [index, item] of influences) {
      const sketch = sketches.byAsset.get(item.asset);
      const fault = scoreFault(sketch, item.score, terms.sigmaCap, query);
      if (!fault) continue;
      const inTree = item.asset < 2 ** terms.treeDepth;
      yield {
        predicate: 'ScorePredicate',
        reason: `Receipt ${number}, item ${index}: ${fault}.`,
        witness: encodeScoreWitness({
          ...openAttribution(attributions, position),
          position,
          item: index,
          query: query && toInt8Bytes(query),
          sketch: sketch && encodeSketch(sketch),
          sketchPath: inTree ? provePlain(sketches.tree, item.asset) : new Uint8Array(0),
        }),
      };
    }
  }
}

/** The query vector that an attribution commits to, where the claim discloses it. */
export function queryOf(disclosed: DisclosedReceipt | undefined, queryHash: Hex): Int8Array | undefined {
  const known = disclosed?.opening?.queryVector;
  return known && sameHex(hashQueryVector(known), queryHash) ? known : undefined;
}

function scoreFault(
  sketch: Sketch | undefined,
  score: bigint,
  sigmaCap: number,
  query: Int8Array | undefined,
): string | undefined {
  if (!sketch) return 'the model has no sketch of the asset';
  if (sketch.sigma > sigmaCap) return "the sketch's scale is above the model's cap";
  // A private receipt's query vector goes only to those who audit it.
  if (!query) return undefined;
  const expected = influenceScore(sketch, query);
  return expected === score ? undefined : `the score is ${score}, but the vectors give ${expected}`;
}

/** A model's sketches, if they are the ones that it committed to. */
export function openSketches(
  { context, problems }: OpenedClaim,
  modelId: number,
  terms: ModelTerms,
): CommittedSketches | undefined {
  const sketches = context.sketches?.(modelId);
  if (!sketches) {
    problems.push(`The sketches of model ${modelId} could not be had.`);
    return undefined;
  }
  const tree = sketchesTree(sketches, terms.treeDepth);
  if (!sameHex(plainRoot(tree), terms.sketchRoot)) {
    problems.push(`The sketches given for model ${modelId} are not the ones it committed to.`);
    return undefined;
  }
  return { byAsset: new Map(sketches.map((sketch) => [sketch.asset, sketch])), tree };
}
