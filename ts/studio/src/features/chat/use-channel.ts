import { inferenceEscrowAbi } from '@openledger/sdk/abis';
import { channelId as channelIdOf } from '@openledger/sdk/protocol/vouchers';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { privateKeyToAccount } from 'viem/accounts';
import { useConfig } from 'wagmi';
import { getPublicClient, getWalletClient } from 'wagmi/actions';
import { z } from 'zod';
import { useNetwork } from '../../app/network-context.tsx';
import { useDevnetConnect, useWallet } from '../../app/wallet.ts';
import { getJson, HttpError } from '../../lib/http.ts';
import { readNodeId } from '../../lib/node-health.ts';
import { integer, wei } from '../../lib/schemas.ts';
import { loadChannel, newSessionKey, type StoredChannel, saveChannel } from './channel-store.ts';

/** The devnet account that the chat offers to pay with. */
const DEVNET_CONSUMER = 12;

const state = z.object({
  deposit: wei,
  settled: wei,
  exitAt: integer,
  defaulted: z.boolean(),
  current: z.object({ settledFee: wei, receipts: z.array(z.object({ fee: wei })) }).nullable(),
  settling: z.array(z.object({ cumulativeFee: wei.nullish() })),
});

/** A channel that can pay, and how much of it is spent. */
export type OpenChannel = StoredChannel & { deposit: bigint; spent: bigint };

/** The payment channel of whoever is connected with this node: find it, open one, give up one that is used up. */
export function useChannel() {
  const network = useNetwork();
  const config = useConfig();
  const queries = useQueryClient();
  const { address } = useWallet();
  const connect = useDevnetConnect(DEVNET_CONSUMER);
  const node = useQuery({
    queryKey: ['node-id', network.nodeUrl],
    queryFn: () => readNodeId(network.nodeUrl),
    refetchInterval: ({ state: { data } }) => (data === undefined ? 3_000 : false),
  });
  const nodeId = node.data;

  const channel = useQuery({
    queryKey: ['channel', network.contracts.InferenceEscrow, address, nodeId],
    enabled: address !== undefined && nodeId !== undefined,
    queryFn: async (): Promise<OpenChannel | null> => {
      const stored = loadChannel({ network, consumer: address!, nodeId: nodeId! });
      if (stored === undefined) return null;
      const url = `${network.nodeUrl}/v1/channels/${stored.channelId}`;
      const found = await getJson(url, state).catch((error: unknown) => {
        // A channel whose opening never reached the chain: another one can be opened.
        if (error instanceof HttpError && (error.status === 402 || error.status === 404)) return undefined;
        throw error;
      });
      if (found === undefined || found.deposit === 0n || found.defaulted || found.exitAt !== 0) return null;
      const running =
        found.current?.receipts.reduce((sum, { fee }) => sum + fee, found.current.settledFee) ?? 0n;
      const settling = found.settling.map(({ cumulativeFee }) => cumulativeFee ?? 0n);
      const spent = [running, found.settled, ...settling].reduce((most, one) => (one > most ? one : most));
      return { ...stored, deposit: found.deposit, spent };
    },
    refetchInterval: 5_000,
  });

  const open = useMutation({
    mutationFn: async (deposit: bigint) => {
      if (nodeId === undefined) throw new Error('The node does not answer yet.');
      if (address === undefined) await connect?.();
      const wallet = await getWalletClient(config);
      const publicClient = getPublicClient(config);
      if (publicClient === undefined) throw new Error('There is no connection to the chain.');
      const { account } = wallet;
      const consumer = account.address;
      const nonce = newSessionKey();
      const sessionKey = newSessionKey();
      const escrow = network.contracts.InferenceEscrow;
      const channelId = channelIdOf({ chainId: network.chainId, escrow, consumer, nodeId, nonce });
      saveChannel({ network, consumer, nodeId }, { channelId, sessionKey, openedAt: Date.now() });
      const { request } = await publicClient.simulateContract({
        address: escrow,
        abi: inferenceEscrowAbi,
        functionName: 'openChannel',
        args: [nodeId, privateKeyToAccount(sessionKey).address, nonce],
        value: deposit,
        account,
      });
      await publicClient.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['channel'] }),
  });

  return {
    nodeId,
    address,
    channel: channel.data ?? undefined,
    isLooking: address !== undefined && channel.isPending,
    error: open.error ?? channel.error,
    canOpen: nodeId !== undefined && (address !== undefined || connect !== undefined),
    canConnect: connect !== undefined,
    open,
    refresh: () => queries.invalidateQueries({ queryKey: ['channel'] }),
  };
}
