import { attributionSettlementAbi } from '@openledger/sdk/abis';
import type { BatchRecord, Claim } from '@openledger/sdk/protocol/claims';
import type { VoucherRecord } from '@openledger/sdk/protocol/vouchers';
import { type Hex, parseEventLogs } from 'viem';
import type { Chain } from './chain.ts';

/** A claim as its events tell it. */
export type SeenClaim = {
  claimId: Hex;
  claim: Claim;
  /** Empty if it is elsewhere. */
  claimData: Hex;
  /** keccak256 of claimData that is elsewhere: with EigenDA or with validators. */
  dataHash?: Hex;
  locator: Hex;
  block: bigint;
  /** What the events say so far; time makes a proposed claim final without an event. */
  status: 'proposed' | 'final' | 'rejected' | 'vetoed';
};

/** Everything that the settlement's events say of one node. */
export type NodeHistory = {
  nodeId: number;
  batches: BatchRecord[];
  claims: SeenClaim[];
};

export type SettlementReader = {
  /** Reads the events since the last call; the claims that are new. */
  sync(): Promise<SeenClaim[]>;
  node(nodeId: number): NodeHistory;
  claim(claimId: Hex): SeenClaim | undefined;
  claims(): SeenClaim[];
  /** The last block that was read. */
  readonly block: bigint;
};

const MAX_RANGE = 10_000n;

/** Derives batches and claims from the settlement's logs, and from nothing else. */
export function createSettlementReader(chain: Chain): SettlementReader {
  const nodes = new Map<number, NodeHistory>();
  const claims = new Map<Hex, SeenClaim>();
  const vouchers = new Map<string, VoucherRecord[]>();
  let next = chain.startBlock;
  let syncing: Promise<SeenClaim[]> | undefined;

  function node(nodeId: number): NodeHistory {
    const known = nodes.get(nodeId);
    if (known !== undefined) return known;
    const fresh = { nodeId, batches: [], claims: [] };
    nodes.set(nodeId, fresh);
    return fresh;
  }

  async function readAll(): Promise<SeenClaim[]> {
    const head = await chain.client.getBlockNumber();
    const fresh: SeenClaim[] = [];
    while (next <= head) {
      const toBlock = next + MAX_RANGE - 1n < head ? next + MAX_RANGE - 1n : head;
      const logs = await chain.client.getLogs({
        address: chain.contracts.AttributionSettlement,
        fromBlock: next,
        toBlock,
      });
      // All or nothing: a range is applied only once it has been read completely.
      for (const event of parseEventLogs({ abi: attributionSettlementAbi, logs }))
        fresh.push(...apply(event));
      next = toBlock + 1n;
    }
    return fresh;
  }

  function apply(event: SettlementEvent): SeenClaim[] {
    switch (event.eventName) {
      case 'VoucherRedeemed': {
        const { nodeId, batch, ...record } = event.args;
        const key = `${nodeId}/${batch}`;
        vouchers.set(key, [...(vouchers.get(key) ?? []), record]);
        return [];
      }
      case 'BatchAppended': {
        const { nodeId, batch, firstReceipt, receiptCount, fees, paramsVersion } = event.args;
        const list = vouchers.get(`${nodeId}/${batch}`) ?? [];
        node(nodeId).batches.push({
          number: batch,
          firstReceipt,
          receiptCount,
          fees,
          paramsVersion,
          vouchers: list,
        });
        return [];
      }
      case 'ClaimProposed': {
        const { claimId, claim } = event.args;
        const seen: SeenClaim = {
          claimId,
          claim,
          claimData: '0x',
          locator: '0x',
          block: event.blockNumber,
          status: 'proposed',
        };
        claims.set(claimId, seen);
        node(claim.nodeId).claims.push(seen);
        return [seen];
      }
      case 'ClaimData': {
        const seen = claims.get(event.args.claimId);
        if (seen !== undefined)
          Object.assign(seen, { claimData: event.args.claimData, locator: event.args.locator });
        return [];
      }
      case 'ClaimDataElsewhere': {
        const { claimId, dataHash, locator } = event.args;
        const seen = claims.get(claimId);
        if (seen !== undefined) Object.assign(seen, { dataHash, locator });
        return [];
      }
      case 'ClaimFinalized':
        setStatus(event.args.claimId, 'final');
        return [];
      case 'FraudProven':
        setStatus(event.args.claimId, 'rejected');
        return [];
      case 'ClaimVetoed':
        setStatus(event.args.claimId, 'vetoed');
        return [];
      default:
        return [];
    }
  }

  function setStatus(claimId: Hex, status: SeenClaim['status']): void {
    const seen = claims.get(claimId);
    if (seen !== undefined) seen.status = status;
  }

  return {
    sync() {
      syncing ??= readAll().finally(() => {
        syncing = undefined;
      });
      return syncing;
    },
    node,
    claim: (claimId) => claims.get(claimId),
    claims: () => [...claims.values()],
    get block() {
      return next - 1n;
    },
  };
}

type SettlementEvent = ReturnType<typeof parseEventLogs<typeof attributionSettlementAbi>>[number];
