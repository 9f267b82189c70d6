import { attributionSettlementAbi } from '@openledger/sdk/abis';
import type { SettledState } from '@openledger/sdk/protocol/claims';
import {
  type FraudProof,
  type FraudReport,
  findFraud,
  type MissingTree,
} from '@openledger/sdk/protocol/fraud';
import { encodeAbiParameters, type Hex } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import { createRequestReader, type SeenRequest } from '../chain/request-reader.ts';
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
  /** How many parts of a claim that cannot be read may be asked for, each for a bond. */
  requestsPerClaim: number;
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
  const withheld = createWithheld({ ...deps, requests: createRequestReader(chain) });
  const judged = new Set<Hex>();
  /** Unanswered requests that were used, or can't be. */
  const done = new Set<bigint>();

  async function look(): Promise<Verdict[]> {
    await reader.sync();
    const verdicts = await proveOverdue();
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

  /** Whoever asked: a validator that audits has its requests proved by watchers. */
  async function proveOverdue(): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (const request of await withheld.overdue()) {
      const seen = reader.claim(request.claimId);
      // The claim's events may not have been read yet.
      if (done.has(request.id) || seen === undefined) continue;
      try {
        const verdict = (await isDecided(seen.claimId)) ? undefined : await proveWithheld(seen, request);
        done.add(request.id);
        if (verdict === undefined) continue;
        report(verdict);
        verdicts.push(verdict);
      } catch (error) {
        // It stands in no other claim's way, and is tried again.
        log.error({ claim: seen.claimId, err: error }, 'what a claim withholds cannot be proved now');
      }
    }
    return verdicts;
  }

  async function proveWithheld(seen: SeenClaim, request: SeenRequest): Promise<Verdict | undefined> {
    const proof: Proof = {
      predicate: 'WithheldPredicate',
      witness: encodeAbiParameters([{ type: 'uint256' }], [request.id]),
      reason: `Request ${request.id} about it was not answered in time.`,
    };
    const transaction = await prove(seen, proof);
    if (transaction === undefined) return undefined;
    await withheld.reclaim(request);
    const { claimId, claim } = seen;
    const { reason, predicate } = proof;
    return { claimId, nodeId: claim.nodeId, outcome: 'proven', problems: [], reason, predicate, transaction };
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
    const proofs: Proof[] = found.proofs;
    if (found.settled !== undefined) settled.set(claimId, found.settled);
    if (proofs.length === 0 && problems.length === 0) return { ...head, outcome: 'honest', problems };
    if (proofs.length === 0) {
      await pursue(seen, found.missing);
      return { ...head, outcome: 'unreadable', problems };
    }
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

  /** A request that cannot be made now stands in no other claim's way. */
  async function pursue(seen: SeenClaim, missing: readonly MissingTree[]): Promise<void> {
    try {
      await withheld.pursue(seen, missing);
    } catch (error) {
      log.error({ claim: seen.claimId, err: error }, 'what a claim withholds cannot be asked for now');
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
