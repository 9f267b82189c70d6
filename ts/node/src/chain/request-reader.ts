import { auditRegistryAbi } from '@openledger/sdk/abis';
import { type ClaimRequest, REQUEST_KIND } from '@openledger/sdk/protocol/answers';
import { type Hex, parseEventLogs } from 'viem';
import type { Chain } from './chain.ts';

/** A request of the audit registry. One that nobody has answered by its deadline stays so. */
export type SeenRequest = ClaimRequest & {
  id: bigint;
  claimId: Hex;
  /** In seconds: the first at which an answer is too late. */
  deadline: number;
  /** Who asked, for a bond; undefined for an audit. */
  requester?: Hex;
  /** Audit: the X25519 key that the receipt is to be opened to. */
  key?: Hex;
};

export type RequestReader = {
  /** Reads the events since the last call; all requests that are unanswered, by their ids. */
  sync(): Promise<SeenRequest[]>;
  /** The bonded requests about a claim, answered ones too, as they were when the events were read last. */
  bonded(claimId: Hex): readonly SeenRequest[];
};

const MAX_RANGE = 10_000n;

/** Follows the requests about claims by the audit registry's logs. */
export function createRequestReader(chain: Chain): RequestReader {
  const open = new Map<bigint, SeenRequest>();
  const bonded = new Map<Hex, SeenRequest[]>();
  let next = chain.startBlock;

  function apply(event: AuditEvent): void {
    switch (event.eventName) {
      case 'Requested': {
        const { requestId: id, claimId, requester, subject, index, deadline } = event.args;
        const kind = event.args.kind as ClaimRequest['kind'];
        const request = { id, claimId, kind, subject, index, deadline, requester };
        open.set(id, request);
        bonded.set(claimId, [...(bonded.get(claimId) ?? []), request]);
        return;
      }
      case 'AuditRequested': {
        const { requestId: id, claimId, draw, position, key, deadline } = event.args;
        const kind = REQUEST_KIND.audit;
        open.set(id, { id, claimId, kind, subject: position, index: draw, deadline, key });
        return;
      }
      case 'Answered':
      case 'ReceiptOpened':
        open.delete(event.args.requestId);
    }
  }

  return {
    async sync() {
      const head = await chain.client.getBlockNumber();
      while (next <= head) {
        const toBlock = next + MAX_RANGE - 1n < head ? next + MAX_RANGE - 1n : head;
        const address = chain.contracts.AuditRegistry;
        const logs = await chain.client.getLogs({ address, fromBlock: next, toBlock });
        for (const event of parseEventLogs({ abi: auditRegistryAbi, logs })) apply(event);
        next = toBlock + 1n;
      }
      return [...open.values()];
    },
    bonded: (claimId) => bonded.get(claimId) ?? [],
  };
}

type AuditEvent = ReturnType<typeof parseEventLogs<typeof auditRegistryAbi>>[number];
