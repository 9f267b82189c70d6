import type { Hex } from 'viem';

/** One immutable version of the governed parameters, as `ProtocolParameters.parameters(version)` returns it. */
export type Parameters = {
  burnBps: number;
  treasuryBps: number;
  nodeBps: number;
  stakersBps: number;
  modelBps: number;
  contributorsBps: number;
  tauBasePpm: number;
  tauMinPpm: number;
  tauMaxPpm: number;
  feeRef: bigint;
  mixInfluenceBps: number;
  mixSpanBps: number;
  mixRetrievalBps: number;
  challengeWindow: number;
  unbondingPeriod: number;
  exitDelay: number;
  responseWindow: number;
  bondMin: bigint;
  bondBps: number;
  detectionPpm: number;
  slashRewardBps: number;
  nodeStakeMin: bigint;
  /** Validators that must hold a claim's data when they are not in calldata. */
  attestations: number;
  /** Receipts that are drawn per claim for audits. */
  auditDraws: number;
  /** Seconds after a claim's window in which a case about it can be opened. */
  caseWindow: number;
  /** Bond of whoever opens a case, in wei. */
  caseBond: bigint;
};

/** What of the parameters decides amounts. */
export type AllocationParameters = Pick<
  Parameters,
  | 'modelBps'
  | 'contributorsBps'
  | 'tauBasePpm'
  | 'tauMinPpm'
  | 'tauMaxPpm'
  | 'feeRef'
  | 'mixInfluenceBps'
  | 'mixSpanBps'
  | 'mixRetrievalBps'
>;

/** Bits of a model's `scheme`: which evidence it pays by. */
export const SCHEME = { influence: 1, span: 2, retrieval: 4, native: 8 } as const;

/** A model's immutable terms, as `ModelRegistry.terms(modelId)` returns them. */
export type ModelTerms = {
  parent: number;
  royaltyBps: number;
  scheme: number;
  treeDepth: number;
  sigmaCap: number;
  weightsHash: Hex;
  runId: Hex;
  sketchRoot: Hex;
  corpusRoot: Hex;
  baselineRoot: Hex;
  basisHash: Hex;
};

/** What of the terms decides amounts. */
export type AllocationTerms = Pick<ModelTerms, 'parent' | 'royaltyBps' | 'scheme' | 'baselineRoot'>;

/** The owners' share of fees: model and contributors. */
export function ownersShare(
  fees: bigint,
  parameters: Pick<Parameters, 'modelBps' | 'contributorsBps'>,
): bigint {
  return (fees * BigInt(parameters.modelBps + parameters.contributorsBps)) / 10_000n;
}

/** The threshold of a receipt, in millionths: `clamp(τ_base · fee_ref / fee, τ_min, τ_max)`. */
export function thresholdPpm(fee: bigint, parameters: AllocationParameters): bigint {
  const scaled = (BigInt(parameters.tauBasePpm) * parameters.feeRef) / fee;
  const [low, high] = [BigInt(parameters.tauMinPpm), BigInt(parameters.tauMaxPpm)];
  return scaled < low ? low : scaled > high ? high : scaled;
}
