import { attributionSettlementAbi } from '@openledger/sdk/abis';
import type { SettledState } from '@openledger/sdk/protocol/claims';
import {
  type FraudProof,
  type FraudReport,
  findFraud,
  type MissingTrees,
} from '@openledger/sdk/protocol/fraud';
import type { Hex } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import type { SeenClaim, SettlementReader } from '../chain/settlement-reader.ts';
import type { SettlementState } from '../chain/settlement-state.ts';
import { confirmed, revertOf } from '../chain/transact.ts';
import { claimContext } from '../claims/claim-context.ts';
import { createPublicEvidence } from '../claims/public-evidence.ts';
import { describe } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ModelCatalog } from '../models/types.ts';
import type { BlobReader } from '../store/types.ts';
import { createWithheld } from './withheld.ts';

export type WatcherDeps = {
  chain: Chain;
  wallet: ChainWallet;
  reader: SettlementReader;
  state: SettlementState;
  catalog: Pick<ModelCatalog, 'list'>;
  store: BlobReader;
  log: Log;
};

/** What the watcher made of a claim. */
export type Verdict = {
  claimId: Hex;
  nodeId: number;
  outcome: 'honest' | 'proven' | 'unproven' | 'unreadable';
  problems: string[];
  predicate?: string;
  reason?: string;
  transaction?: Hex;
};

export type Watcher = {
  /** Reads what is new on the chain and judges every claim that can still be disputed. */
  look(): Promise<Verdict[]>;
};

type Proof = Omit<FraudProof, 'predicate'> & { predicate: FraudProof['predicate'] | 'WithheldPredicate' };

/**
 * Judges every claim from the chain's logs and content-addressed blobs alone, and proves the false ones.
 * It asks no indexer and believes no node: a blob either hashes to what the chain names or does not count.
 */
export function createWatcher(deps: WatcherDeps): Watcher {
  const { chain, log, reader, state } = deps;
  /** Payouts under claims that were found sound, by claim id; what later claims build on. */
  const settled = new Map<Hex, SettledState>();
  const publicEvidence = createPublicEvidence(deps);
  const withheld = createWithheld(deps);
  const judged = new Set<Hex>();

  async function look(): Promise<Verdict[]> {
    await reader.sync();
    const verdicts: Verdict[] = [];
    for (const seen of reader.claims()) {
      if (judged.has(seen.claimId)) continue;
      if (await isDecided(seen.claimId)) {
        judged.add(seen.claimId);
        continue;
      }
      const verdict = await judge(seen);
      report(verdict);
      verdicts.push(verdict);
      // A claim whose data were missing is looked at again while it can still be disputed.
      if (verdict.outcome !== 'unreadable') judged.add(seen.claimId);
    }
    return verdicts;
  }

  async function judge(seen: SeenClaim): Promise<Verdict> {
    const { claimId, claim } = seen;
    const head = { claimId, nodeId: claim.nodeId };
    let found: FraudReport;
    try {
      found = await examine(seen);
    } catch (error) {
      return { ...head, outcome: 'unreadable', problems: [describe(error)] };
    }
    const { problems } = found;
    const proofs: Proof[] = [...found.proofs];
    if (found.settled !== undefined) settled.set(claimId, found.settled);
    if (proofs.length === 0 && problems.length === 0) return { ...head, outcome: 'honest', problems };
    if (proofs.length === 0 && found.missing !== undefined) {
      const proof = await overdue(seen, found.missing);
      if (proof !== undefined) proofs.push(proof);
    }
    if (proofs.length === 0) return { ...head, outcome: 'unreadable', problems };
    for (const proof of proofs) {
      const transaction = await prove(seen, proof);
      if (transaction === undefined) continue;
      return {
        ...head,
        outcome: 'proven',
        problems,
        reason: proof.reason,
        predicate: proof.predicate,
        transaction,
      };
    }
    return {
      ...head,
      outcome: 'unproven',
      problems,
      reason: proofs[0].reason,
      predicate: proofs[0].predicate,
    };
  }

  /** What rejects a claim whose proposer was asked for its trees and did not answer in time. */
  async function overdue(seen: SeenClaim, missing: MissingTrees): Promise<Proof | undefined> {
    try {
      const witness = await withheld.pursue(seen, missing);
      const reason = `Its proposer was asked for its ${missing} and did not answer.`;
      return witness && { predicate: 'WithheldPredicate', witness, reason };
    } catch (error) {
      log.error({ claim: seen.claimId, err: error }, 'what a claim withholds cannot be asked for');
      return undefined;
    }
  }

  /** Recomputes a claim from what the chain says. */
  async function examine(seen: SeenClaim): Promise<FraudReport> {
    const { parent } = seen.claim;
    const known = await claimContext(deps, seen, settled.get(parent));
    return findFraud({
      domain: { chainId: chain.viemChain.id, settlement: chain.contracts.AttributionSettlement },
      ...known,
      ...(await publicEvidence.load(known.claimData)),
    });
  }

  async function prove(seen: SeenClaim, proof: Proof): Promise<Hex | undefined> {
    const { wallet } = deps;
    try {
      const { request } = await chain.client.simulateContract({
        address: chain.contracts.AttributionSettlement,
        abi: attributionSettlementAbi,
        functionName: 'proveFraud',
        args: [seen.claim, chain.contracts[proof.predicate], proof.witness, wallet.account.address],
        account: wallet.account,
      });
      const hash = await wallet.writeContract(request);
      await confirmed(chain, hash, 'fraud proof');
      if (proof.predicate === 'WithheldPredicate') await withheld.reclaim(seen.claimId);
      return hash;
    } catch (error) {
      const revert = revertOf(error);
      if (revert === undefined) throw error;
      log.error(
        { claim: seen.claimId, predicate: proof.predicate, revert: revert.name },
        'a fraud proof was refused',
      );
      return undefined;
    }
  }

  /** Whether nobody can dispute a claim any more. A vetoed one stays open to proofs until its window ends. */
  async function isDecided(claimId: Hex): Promise<boolean> {
    const { status, end } = await state.claimRecord(claimId);
    if (status === 'proposed') return false;
    if (status !== 'vetoed') return true;
    return (await chain.client.getBlock()).timestamp >= BigInt(end);
  }

  function report({ outcome, ...verdict }: Verdict): void {
    if (outcome === 'honest') log.info(verdict, 'a claim is honest');
    else if (outcome === 'proven')
      log.warn(verdict, 'FRAUD PROVEN: the claim is rejected and its proposer slashed');
    else if (outcome === 'unreadable')
      log.error(verdict, 'WITHHELD: a claim cannot be judged, because its data are missing');
    else log.error(verdict, 'a false claim could not be proven');
  }

  return { look };
}
