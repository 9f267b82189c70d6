import { auditRegistryAbi, protocolParametersAbi } from '@openledger/sdk/abis';
import { type ClaimRequest, REQUEST_KIND } from '@openledger/sdk/protocol/answers';
import type { MissingTrees } from '@openledger/sdk/protocol/fraud';
import { encodeAbiParameters, type Hex, keccak256, parseEventLogs } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import type { SeenClaim } from '../chain/settlement-reader.ts';
import { confirmed, revertOf } from '../chain/transact.ts';
import { describe, NodeError } from '../errors.ts';
import type { Log } from '../log.ts';

export type WithheldDeps = { chain: Chain; wallet: ChainWallet; log: Log };

export type Withheld = {
  /**
   * Asks once for a part of what a claim keeps to itself. When the answer is overdue, the witness of the
   * WithheldPredicate; undefined before, and for ever once it was answered.
   */
  pursue(seen: SeenClaim, missing: MissingTrees): Promise<Hex | undefined>;
  /** Takes the bond of the request back, which nobody answered. */
  reclaim(claimId: Hex): Promise<void>;
};

/**
 * What turns a claim that cannot be read into one that is rejected. It costs a bond while the answer is due, and the bond
 * itself if there is one. Which part is asked for follows from claim and watcher: after a restart it is the same request.
 */
export function createWithheld({ chain, wallet, log }: WithheldDeps): Withheld {
  const registry = { address: chain.contracts.AuditRegistry, abi: auditRegistryAbi } as const;
  const { account } = wallet;
  const asked = new Map<Hex, bigint>();

  async function ask({ claim, claimId }: SeenClaim, missing: MissingTrees): Promise<bigint> {
    const { kind, subject, index } = partOf(missing, claim.receiptCount, claimId, account.address);
    const { requestBond } = await chain.client.readContract({
      address: chain.contracts.ProtocolParameters,
      abi: protocolParametersAbi,
      functionName: 'parameters',
      args: [claim.paramsVersion],
    });
    const args = [claim, kind, subject, index] as const;
    const call = { ...registry, account, functionName: 'request', args, value: requestBond } as const;
    try {
      const { request, result } = await chain.client.simulateContract(call);
      const transaction = await wallet.writeContract(request);
      const { logs } = await confirmed(chain, transaction, 'request');
      // Another request may have come between: the number is what the transaction's event says.
      const [requested] = parseEventLogs({ abi: auditRegistryAbi, logs, eventName: 'Requested' });
      const id = requested?.args.requestId ?? result;
      log.warn(
        { claim: claimId, request: String(id), missing, transaction },
        'asked for what a claim withholds',
      );
      return id;
    } catch (error) {
      const revert = revertOf(error);
      if (revert?.name === 'AuditRegistry_AlreadyRequested') return revert.args[0] as bigint;
      if (revert === undefined) throw error;
      throw new NodeError(
        'not_allowed',
        `The ${missing} of claim ${claimId} cannot be asked for: ${revert.name}(${revert.args.join(', ')}).`,
        'Tell the guardian: the claim can only be vetoed.',
      );
    }
  }

  async function pursue(seen: SeenClaim, missing: MissingTrees): Promise<Hex | undefined> {
    const { claimId } = seen;
    const id = asked.get(claimId) ?? (await ask(seen, missing));
    asked.set(claimId, id);
    const isOverdue = await chain.client.readContract({
      ...registry,
      functionName: 'isWithheld',
      args: [claimId, id],
    });
    return isOverdue ? encodeAbiParameters([{ type: 'uint256' }], [id]) : undefined;
  }

  async function reclaim(claimId: Hex): Promise<void> {
    const id = asked.get(claimId);
    if (id === undefined) return;
    try {
      const hash = await wallet.writeContract({ ...registry, functionName: 'reclaim', args: [id] });
      await confirmed(chain, hash, 'reclaiming a bond');
    } catch (error) {
      // Anyone may have done it; it went to who asked.
      log.warn({ claim: claimId, request: String(id), error: describe(error) }, 'a bond was not reclaimed');
    }
  }

  return { pursue, reclaim };
}

/** The part to ask for: of receipts one that watchers do not all choose, of payouts the treasury's. */
function partOf(missing: MissingTrees, receiptCount: number, claimId: Hex, watcher: Hex): ClaimRequest {
  if (missing === 'payouts') return { kind: REQUEST_KIND.payout, subject: 0, index: 0 };
  const subject = Number(BigInt(keccak256(`${claimId}${watcher.slice(2)}`)) % BigInt(receiptCount));
  const kind = missing === 'receipts' ? REQUEST_KIND.data : REQUEST_KIND.attribution;
  return { kind, subject, index: 0 };
}
