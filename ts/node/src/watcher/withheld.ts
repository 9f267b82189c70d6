import { randomInt } from 'node:crypto';
import { auditRegistryAbi, protocolParametersAbi } from '@openledger/sdk/abis';
import { type ClaimRequest, REQUEST_KIND } from '@openledger/sdk/protocol/answers';
import type { MissingTree } from '@openledger/sdk/protocol/fraud';
import { formatEther, type Hex, isAddressEqual } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import type { RequestReader, SeenRequest } from '../chain/request-reader.ts';
import type { SeenClaim } from '../chain/settlement-reader.ts';
import { confirmed, revertOf } from '../chain/transact.ts';
import { describe } from '../errors.ts';
import type { Log } from '../log.ts';

export type WithheldDeps = {
  chain: Chain;
  wallet: ChainWallet;
  requests: RequestReader;
  /** How many parts of a claim may be asked for: each answer costs the bond of its request. */
  requestsPerClaim: number;
  log: Log;
};

export type Withheld = {
  /**
   * Requests that nobody answered in time, by anyone: each of them rejects its claim. Reads the events that `pursue`
   * decides by.
   */
  overdue(): Promise<SeenRequest[]>;
  /**
   * Asks for a part of what a claim keeps to itself, one at a time: when it was answered and something is still missing,
   * for another one, until the claim's number of requests is used up.
   */
  pursue(seen: SeenClaim, missing: readonly MissingTree[]): Promise<void>;
  /** Takes the bond of a request back that nobody answered, if it is the watcher's. */
  reclaim(request: SeenRequest): Promise<void>;
};

const KIND = {
  receipts: REQUEST_KIND.data,
  attributions: REQUEST_KIND.attribution,
  payouts: REQUEST_KIND.payout,
  credits: REQUEST_KIND.credit,
} as const;
/** How often a part that nobody has asked for is drawn. */
const DRAWS = 32;

/**
 * What turns a claim that cannot be read into one that is rejected. One part without an answer is enough. Which parts are
 * asked for is drawn, so that a proposer cannot prepare those alone; what was asked is read from the chain, so that a
 * restart changes nothing.
 */
export function createWithheld(deps: WithheldDeps): Withheld {
  const { chain, wallet, requests, requestsPerClaim, log } = deps;
  const registry = { address: chain.contracts.AuditRegistry, abi: auditRegistryAbi } as const;
  const { account } = wallet;
  let unanswered: ReadonlyMap<bigint, SeenRequest> = new Map();
  /** Claims about which it was said that nothing more can be asked. */
  const givenUp = new Set<Hex>();

  const isOwn = ({ requester }: SeenRequest) =>
    requester !== undefined && isAddressEqual(requester, account.address);

  async function overdue(): Promise<SeenRequest[]> {
    const all = await requests.sync();
    unanswered = new Map(all.map((request) => [request.id, request]));
    if (all.length === 0) return [];
    const { timestamp } = await chain.client.getBlock();
    return all.filter(({ deadline }) => BigInt(deadline) <= timestamp);
  }

  async function pursue(seen: SeenClaim, missing: readonly MissingTree[]): Promise<void> {
    const { claimId } = seen;
    if (missing.length === 0 || givenUp.has(claimId)) return;
    const earlier = requests.bonded(claimId);
    const own = earlier.filter(isOwn);
    if (own.some(({ id }) => unanswered.has(id))) return;
    if (own.length >= requestsPerClaim) {
      return giveUp(claimId, `its proposer has answered ${own.length} requests, and it still cannot be read`);
    }
    const part = draw(missing[own.length % missing.length]!, earlier);
    // Where others have asked for everything, their requests are as good.
    if (part !== undefined) await ask(seen, part);
  }

  /** A part of a tree that nobody has asked for. */
  function draw({ tree, leaves, asset }: MissingTree, earlier: readonly SeenRequest[]) {
    const kind = KIND[tree];
    for (let attempt = 0; attempt < DRAWS; attempt += 1) {
      const leaf = randomInt(leaves);
      const part = asset === undefined ? { subject: leaf, index: 0 } : { subject: asset, index: leaf };
      const isAsked = earlier.some(
        (one) => one.kind === kind && one.subject === part.subject && one.index === part.index,
      );
      if (!isAsked) return { kind, ...part } satisfies ClaimRequest;
    }
    return undefined;
  }

  async function ask({ claim, claimId }: SeenClaim, { kind, subject, index }: ClaimRequest): Promise<void> {
    const { requestBond } = await chain.client.readContract({
      address: chain.contracts.ProtocolParameters,
      abi: protocolParametersAbi,
      functionName: 'parameters',
      args: [claim.paramsVersion],
    });
    const args = [claim, kind, subject, index] as const;
    const call = { ...registry, account, functionName: 'request', args, value: requestBond } as const;
    let transaction: Hex;
    try {
      const { request } = await chain.client.simulateContract(call);
      transaction = await wallet.writeContract(request);
    } catch (error) {
      const revert = revertOf(error);
      if (revert === undefined) throw error;
      // Another watcher was faster; the next look draws again.
      if (revert.name === 'AuditRegistry_AlreadyRequested') return;
      return giveUp(claimId, `it cannot be asked about: ${revert.name}(${revert.args.join(', ')})`);
    }
    await confirmed(chain, transaction, 'request');
    const part = Object.keys(KIND).find((tree) => KIND[tree as keyof typeof KIND] === kind);
    log.warn(
      { claim: claimId, part, subject, index, bond: formatEther(requestBond), transaction },
      'asked for a part of what a claim withholds',
    );
  }

  function giveUp(claimId: Hex, why: string): void {
    givenUp.add(claimId);
    log.error(
      { claim: claimId, hint: 'Tell the guardian: the claim can only be vetoed.' },
      `WITHHELD: nothing more is asked about a claim, because ${why}`,
    );
  }

  async function reclaim(request: SeenRequest): Promise<void> {
    if (!isOwn(request)) return;
    const { id, claimId } = request;
    try {
      const hash = await wallet.writeContract({ ...registry, functionName: 'reclaim', args: [id] });
      await confirmed(chain, hash, 'reclaiming a bond');
    } catch (error) {
      // Anyone may have done it; it went to who asked.
      log.warn({ claim: claimId, request: String(id), error: describe(error) }, 'a bond was not reclaimed');
    }
  }

  return { overdue, pursue, reclaim };
}
