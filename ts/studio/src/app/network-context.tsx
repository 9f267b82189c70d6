import { createContext, type ReactNode, useContext } from 'react';
import type { Network } from '../lib/network.ts';

const NetworkContext = createContext<Network | undefined>(undefined);

/** Makes the network known to everything below. */
export function NetworkProvider({ network, children }: { network: Network; children: ReactNode }) {
  return <NetworkContext value={network}>{children}</NetworkContext>;
}

/** The network that the studio is connected to. */
export function useNetwork(): Network {
  const network = useContext(NetworkContext);
  if (network === undefined) throw new Error('useNetwork is used outside of NetworkProvider.');
  return network;
}
