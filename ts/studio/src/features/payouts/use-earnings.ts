import { attributionSettlementAbi } from '@openledger/sdk/abis';
import { useQuery } from '@tanstack/react-query';
import { usePublicClient } from 'wagmi';
import { useNetwork } from '../../app/network-context.tsx';
import { listPayouts } from '../../lib/payouts.ts';
import { listReceipts, readReceipt } from '../../lib/receipts.ts';
import { accruedOf, claimedOf, earningsOf } from './earnings.ts';

/** At most this many unsettled answers are looked at for the forecast. */
const NEWEST = 30;

/** Earnings of all assets, with the proofs that fetch what is payable. */
export function useEarnings() {
  const { nodeUrl, contracts, startBlock } = useNetwork();
  const client = usePublicClient();

  const payouts = useQuery({
    queryKey: ['payouts', nodeUrl],
    queryFn: () => listPayouts(nodeUrl),
    refetchInterval: 3_000,
  });
  const accrued = useQuery({
    queryKey: ['accrued', nodeUrl],
    queryFn: async () => {
      const newest = (await listReceipts(nodeUrl)).slice(0, NEWEST);
      return accruedOf(await Promise.all(newest.map(({ id }) => readReceipt(nodeUrl, id))));
    },
    refetchInterval: 5_000,
  });
  const nodeId = payouts.data?.nodeId;
  const open = useQuery({
    queryKey: ['open-claim', contracts.AttributionSettlement, nodeId, payouts.data?.claimId],
    enabled: client !== undefined && nodeId !== undefined,
    queryFn: async () => {
      const settlement = { address: contracts.AttributionSettlement, abi: attributionSettlementAbi } as const;
      const node = await client!.readContract({ ...settlement, functionName: 'node', args: [nodeId!] });
      if (BigInt(node.openClaim) === 0n) return new Map<number, bigint>();
      const [log] = await client!.getContractEvents({
        ...settlement,
        eventName: 'ClaimData',
        args: { claimId: node.openClaim },
        fromBlock: BigInt(startBlock),
        strict: true,
      });
      return log === undefined ? new Map<number, bigint>() : claimedOf(log.args.claimData);
    },
    refetchInterval: 3_000,
  });
  const empty = new Map<number, bigint>();
  const ready = payouts.data !== undefined;
  return {
    data: ready
      ? {
          list: payouts.data,
          earnings: earningsOf(
            accrued.data ?? empty,
            open.data ?? empty,
            payouts.data.payouts,
            payouts.data.baselines,
          ),
        }
      : undefined,
    error: payouts.error,
    isPending: payouts.isPending,
  };
}
