import type { Account, Chain, PublicClient, Transport, WalletClient } from 'viem';
import { useConnect, useConnection, useConnectors, usePublicClient, useWalletClient } from 'wagmi';
import { devnetConnectorId } from '../lib/wagmi.ts';

/** A wallet that can sign and send. */
export type Wallet = WalletClient<Transport, Chain, Account>;

/** The connected account, its signer and a client to read the chain with. */
export function useWallet() {
  const { address, connector } = useConnection();
  const { data } = useWalletClient();
  const publicClient = usePublicClient() as PublicClient;
  return {
    address,
    wallet: data as Wallet | undefined,
    publicClient,
    isDevnet: connector?.type === 'devnet',
  };
}

/** Connects a devnet account by its index; undefined where there are none. */
export function useDevnetConnect(index: number): (() => Promise<void>) | undefined {
  const connectors = useConnectors();
  const { mutateAsync } = useConnect();
  const connector = connectors.find(({ id }) => id === devnetConnectorId(index));
  if (connector === undefined) return undefined;
  return async () => void (await mutateAsync({ connector }));
}
