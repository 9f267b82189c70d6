import type { Hex } from 'viem';
import { hashPayout } from './attribution.ts';
import { ZERO_HASH } from './bytes.ts';
import { claimId, type SettlementDomain } from './claim-id.ts';
import type { SettledState } from './claims.ts';
import { findAllocationFraud } from './fraud-allocation.ts';
import { findCreditFraud } from './fraud-credit.ts';
import { findMalformed } from './fraud-malformed.ts';
import { findOmissionFraud } from './fraud-omission.ts';
import { findRetrievalFraud } from './fraud-retrieval.ts';
import { findScoreFraud } from './fraud-score.ts';
import { findSpanFraud } from './fraud-span.ts';
import { type FraudContext, type OpenedClaim, openClaim, openPayout } from './open-claim.ts';
import { encodeTransitionWitness, type PredicateName } from './witness.ts';

/** What to send to `proveFraud`. */
export type FraudProof = {
  /** Name of the predicate in the address book. */
  predicate: PredicateName;
  witness: Hex;
  /** For people. */
  reason: string;
};

/** A tree of a claim that its proposer must have published, and what the audit registry can be asked of it. */
export type MissingTree = {
  tree: 'receipts' | 'attributions' | 'payouts' | 'credits';
  /** How many leaves can be asked for, by their positions. */
  leaves: number;
  /** Credits: of which asset. */
  asset?: number;
};

/** What a watcher found about a claim. */
export type FraudReport = {
  /** Empty for an honest claim. Any one of them rejects the claim. */
  proofs: FraudProof[];
  /** What could not be judged because it was not published. To be reported loudly. */
  problems: string[];
  /** The claim's trees that could not be opened: its proposer can be asked for them. */
  missing: MissingTree[];
  /** The payouts under the claim, for judging the next one; undefined if they could not be opened. */
  settled?: SettledState;
};

/**
 * Judges a claim: recomputes all of it and proves every difference that a predicate accepts, at most `limit` of them.
 * Pure: the caller fetches what {@link FraudContext} asks for.
 */
export function findFraud(context: FraudContext & { domain: SettlementDomain }, limit = 8): FraudReport {
  const opened = openClaim(context);
  const proofs: FraudProof[] = [];
  for (const find of [
    findAllocationFraud,
    findScoreFraud,
    findOmissionFraud,
    findSpanFraud,
    findRetrievalFraud,
    findCreditFraud,
    findTransitionFraud,
    findMalformed,
  ]) {
    for (const proof of find(opened)) {
      if (proofs.length < limit) proofs.push(proof);
      else break;
    }
  }
  const settled = opened.payouts && {
    claimId: claimId(context.domain, context.claim),
    claim: context.claim,
    payouts: opened.payouts.record,
  };
  return { proofs, problems: opened.problems, missing: missingOf(opened), settled };
}

function missingOf({ attributions, disclosed, payouts, credits, context }: OpenedClaim): MissingTree[] {
  const { receiptCount, payoutsDepth, seq } = context.claim;
  const missing: MissingTree[] = [];
  if (disclosed.length !== receiptCount) missing.push({ tree: 'receipts', leaves: receiptCount });
  if (attributions === undefined) missing.push({ tree: 'attributions', leaves: receiptCount });
  if (payouts === undefined) missing.push({ tree: 'payouts', leaves: 2 ** payoutsDepth });
  for (const payout of payouts?.record.payouts ?? []) {
    if (payout.seq !== seq || credits.has(payout.asset)) continue;
    missing.push({ tree: 'credits', leaves: 2 ** payout.creditsDepth, asset: payout.asset });
  }
  return missing;
}

/** Payouts that did not follow from the parent's. */
function* findTransitionFraud(opened: OpenedClaim): Generator<FraudProof> {
  const { payouts, parentPayouts, context } = opened;
  if (!payouts) return;
  const { claim, parent } = context;
  const root = { hash: claim.payoutsRoot, sum: claim.payoutsTotal };
  const parentRoot = { hash: parent.claim.payoutsRoot, sum: parent.claim.payoutsTotal };
  for (const asset of new Set([...payouts.byAsset.keys(), ...parentPayouts.byAsset.keys()])) {
    const [before, after] = [parentPayouts.byAsset.get(asset), payouts.byAsset.get(asset)];
    const cumulative = before?.cumulative ?? 0n;
    if (after?.seq === claim.seq && after.cumulative === cumulative + after.delta) continue;
    if (before && after && hashPayout(before) === hashPayout(after)) continue;
    const next = openPayout(payouts, root, asset);
    const old = parent.claimId === ZERO_HASH ? NOTHING : openPayout(parentPayouts, parentRoot, asset);
    if (!next || !old) continue;
    yield {
      predicate: 'TransitionPredicate',
      reason: `Asset ${asset} went from ${cumulative} to ${after?.cumulative ?? 'nothing'} by ${after?.delta ?? 0n}.`,
      witness: encodeTransitionWitness({
        asset,
        oldPayout: old.payout,
        oldPath: old.payoutPath,
        newPayout: next.payout,
        newPath: next.payoutPath,
        parent: parent.claim,
      }),
    };
  }
}

const NOTHING = { payout: new Uint8Array(0), payoutPath: new Uint8Array(0) };
