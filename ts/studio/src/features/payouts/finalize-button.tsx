import { attributionSettlementAbi } from '@openledger/sdk/abis';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { Failure } from '../../app/parts.tsx';
import { useDevnetConnect, useWallet } from '../../app/wallet.ts';

/** Records that a claim's window has ended. Nothing waits for it on a busy chain: any settlement does the same. */
export function FinalizeButton({ nodeId }: { nodeId: number }) {
  const { contracts } = useNetwork();
  const { wallet, publicClient, address } = useWallet();
  const connect = useDevnetConnect(12);
  const queries = useQueryClient();
  const finalize = useMutation({
    mutationFn: async () => {
      if (wallet === undefined) throw new Error('Connect an account first.');
      const { request } = await publicClient.simulateContract({
        address: contracts.AttributionSettlement,
        abi: attributionSettlementAbi,
        functionName: 'finalize',
        args: [nodeId],
        account: wallet.account,
        blockTag: 'pending',
      });
      await publicClient.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
    },
    onSettled: () => queries.invalidateQueries(),
  });
  return (
    <>
      <button
        type="button"
        className="small"
        disabled={finalize.isPending}
        onClick={() => (address === undefined && connect ? connect() : finalize.mutate())}
      >
        {finalize.isPending ? 'Recording…' : address === undefined ? 'Connect to record' : 'Record as final'}
      </button>
      {finalize.error && <Failure error={finalize.error} />}
    </>
  );
}
