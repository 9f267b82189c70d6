import { caseRegistryAbi } from '@openledger/sdk/abis';
import { canonicalBytes } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import type { SeenClaim } from '../chain/settlement-reader.ts';
import type { SettlementState } from '../chain/settlement-state.ts';
import { confirmed } from '../chain/transact.ts';
import { describe } from '../errors.ts';
import type { Log } from '../log.ts';
import type { BlobStore } from '../store/types.ts';

export type CaseOpenerDeps = {
  chain: Chain;
  wallet: ChainWallet;
  state: Pick<SettlementState, 'currentVersion' | 'parameters'>;
  store: Pick<BlobStore, 'put'>;
  log: Log;
  /** Whether nobody can open a case about a claim any more. */
  isOver(seen: SeenClaim): Promise<boolean>;
  /** In milliseconds. */
  now?: () => number;
};

/** A claim that the validators are to judge, and why. */
export type Accusation = { seen: SeenClaim; position: number; problems: readonly string[] };

export type CaseOpener = {
  /** Takes an accusation up. A claim has one case at most, so the first counts. */
  accuse(accusation: Accusation): void;
  /** Opens what is due. What fails is tried again, at growing distances, while a case can be opened. */
  open(): Promise<void>;
};

const CLAIM_CASE = 0;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 300_000;
/** Tries at least so many times in the time that is left for cases after a claim's end. */
const TRIES = 10;

/**
 * Opens cases about claims. Nothing is remembered outside the chain: after a restart the audits that lead to an accusation
 * are made again, from openings that are in the store.
 */
export function createCaseOpener(deps: CaseOpenerDeps): CaseOpener {
  const { chain, wallet, state, store, log, isOver, now = Date.now } = deps;
  const registry = { address: chain.contracts.CaseRegistry, abi: caseRegistryAbi } as const;
  const accusations = new Map<Hex, Accusation & { failures: number; next: number }>();

  async function open(): Promise<void> {
    for (const [claimId, one] of accusations) {
      if (now() < one.next) continue;
      try {
        await attempt(one);
        accusations.delete(claimId);
      } catch (error) {
        one.failures += 1;
        one.next = now() + (await pauseAfter(one));
        if (one.failures > 1) continue;
        log.error(
          { claim: claimId, error: describe(error) },
          'a case cannot be opened yet; it is tried again while it can be opened',
        );
      }
    }
  }

  async function pauseAfter({ seen, failures }: Accusation & { failures: number }): Promise<number> {
    const grown = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS);
    // It is in memory after the first time; where it cannot be read now, the chain is away.
    const parameters = await state.parameters(seen.claim.paramsVersion).catch(() => undefined);
    return parameters === undefined ? grown : Math.min(grown, (parameters.caseWindow * 1000) / TRIES);
  }

  /** Says publicly, but for the texts, what is wrong, and has the validators judge. */
  async function attempt({ seen, position, problems }: Accusation): Promise<void> {
    const { claim, claimId } = seen;
    const about = await chain.client.readContract({
      ...registry,
      functionName: 'caseAbout',
      args: [CLAIM_CASE, claim.proposer, claimId],
    });
    if (about !== 0) {
      log.info({ claim: claimId, case: about }, 'there is a case about a claim with a wrong receipt');
      return;
    }
    if (await isOver(seen)) {
      log.error({ claim: claimId }, 'no case can be opened any more about a claim with a wrong receipt');
      return;
    }
    const said = canonicalBytes({ type: 'audit', version: 1, claimId, position, problems: [...problems] });
    const evidence = await store.put(said);
    // A case has the parameters of its own time, not those of the claim.
    const { caseBond } = await state.parameters(await state.currentVersion());
    const { request } = await chain.client.simulateContract({
      ...registry,
      functionName: 'openForClaim',
      args: [claim, evidence],
      value: caseBond,
      account: wallet.account,
    });
    const transaction = await wallet.writeContract(request);
    await confirmed(chain, transaction, 'opening a case');
    log.warn({ claim: claimId, transaction }, 'opened a case about a claim with a wrong receipt');
  }

  return {
    accuse(accusation) {
      const { claimId } = accusation.seen;
      if (!accusations.has(claimId)) accusations.set(claimId, { ...accusation, failures: 0, next: 0 });
    },
    open,
  };
}
