import { auditRegistryAbi } from '@openledger/sdk/abis';
import { answerRequest, REQUEST_KIND } from '@openledger/sdk/protocol/answers';
import { utf8 } from '@openledger/sdk/protocol/bytes';
import { type OpenedClaim, openClaim } from '@openledger/sdk/protocol/open-claim';
import { hashReceipt, isNoAudit } from '@openledger/sdk/protocol/receipts';
import { storeUri } from '@openledger/sdk/protocol/store';
import { type Hex, toHex, zeroHash } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import { createRequestReader, type SeenRequest } from '../chain/request-reader.ts';
import { confirmed } from '../chain/transact.ts';
import { type ClaimContextDeps, claimContext } from '../claims/claim-context.ts';
import { openingOf } from '../claims/receipt-opening.ts';
import { NodeError } from '../errors.ts';
import { type KeyLock, WALLET_KEY } from '../ledger/key-lock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { BlobStore } from '../store/types.ts';

export type AnswersDeps = ClaimContextDeps & {
  chain: Chain;
  wallet: ChainWallet;
  nodeId: number;
  ledger: Ledger;
  locks: KeyLock;
  store: BlobStore;
};

export type Answers = {
  /** Answers what was asked about claims that this node proposed. How many requests it answered. */
  answer(): Promise<number>;
};

/**
 * Shows what a claim commits to, to whoever asks the audit registry for it: a request that stays unanswered costs the
 * proposer its bond (`WithheldPredicate`), however honest the claim is. Nothing is remembered outside the chain.
 */
export function createAnswers(deps: AnswersDeps): Answers {
  const { chain, wallet, nodeId, ledger, locks, reader, store, log } = deps;
  const requests = createRequestReader(chain);
  const registry = { address: chain.contracts.AuditRegistry, abi: auditRegistryAbi } as const;
  const { account } = wallet;

  async function answer(): Promise<number> {
    const asked = await requests.sync();
    if (asked.length === 0) return 0;
    await reader.sync();
    const { timestamp } = await chain.client.getBlock();
    const answerable = asked.filter(
      ({ claimId, deadline }) =>
        BigInt(deadline) > timestamp && reader.claim(claimId)?.claim.proposer === nodeId,
    );
    let answered = 0;
    for (const [claimId, about] of Map.groupBy(answerable, (request) => request.claimId)) {
      const seen = reader.claim(claimId)!;
      const opened = openClaim({ ...(await claimContext(deps, seen)), terms: () => undefined });
      // An audit's answer serves all validators that drew the receipt; any other request has one of its own.
      const groups = Map.groupBy(about, ({ id, kind, subject }) =>
        kind === REQUEST_KIND.audit ? `receipt ${subject}` : id,
      );
      for (const group of groups.values()) answered += await attempt(opened, group);
    }
    return answered;
  }

  /** One that fails stands in no other's way; it is tried again until its deadline. */
  async function attempt(opened: OpenedClaim, group: SeenRequest[]): Promise<number> {
    const named = { requests: group.map(({ id }) => String(id)), claim: group[0]!.claimId };
    try {
      const [first] = group;
      const witness = answerRequest(opened, first!);
      if (witness === undefined) throw unknownTrees(first!);
      const transaction =
        first!.kind === REQUEST_KIND.audit
          ? await openReceipt(opened, group, witness)
          : await show(opened, first!, witness);
      log.info({ ...named, transaction }, 'answered requests about a claim');
      return group.length;
    } catch (error) {
      log.error(
        { ...named, err: error },
        'a request about a claim could not be answered: its bond is at stake',
      );
      return 0;
    }
  }

  function show({ context }: OpenedClaim, { id }: SeenRequest, witness: Hex): Promise<Hex> {
    return locks.run(WALLET_KEY, async () => {
      const args = [id, context.claim, witness, account.address] as const;
      const call = { ...registry, account, functionName: 'answer', args } as const;
      return sent(await wallet.writeContract((await chain.client.simulateContract(call)).request));
    });
  }

  async function openReceipt(opened: OpenedClaim, group: SeenRequest[], witness: Hex): Promise<Hex> {
    const { claim } = opened.context;
    const { receipt } = opened.disclosed[group[0]!.subject]!;
    let payload: readonly [Hex, Hex] = [zeroHash, '0x'];
    if (!isNoAudit(receipt)) {
      const entry = await ledger.receipt(hashReceipt(receipt));
      if (entry === undefined) throw unknownTrees(group[0]!);
      const keys = group.map(({ key }) => key).filter((key) => key !== undefined);
      const id = await store.put(await openingOf(entry, [...new Set(keys)]));
      payload = [id, toHex(utf8(storeUri(id)))];
    }
    return locks.run(WALLET_KEY, async () => {
      const args = [group.map(({ id }) => id), claim, witness, ...payload] as const;
      const call = { ...registry, account, functionName: 'openReceipt', args } as const;
      return sent(await wallet.writeContract((await chain.client.simulateContract(call)).request));
    });
  }

  async function sent(hash: Hex): Promise<Hex> {
    await confirmed(chain, hash, 'answer to a request');
    return hash;
  }

  return { answer };
}

function unknownTrees({ claimId, id }: SeenRequest): NodeError {
  return new NodeError(
    'journal_corrupt',
    `What request ${id} asks for about claim ${claimId} is not known any more.`,
    'Restore the journal and the store that were in use when the claim was proposed, before the deadline.',
  );
}
