import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { WagmiProvider } from 'wagmi';
import { loadNetwork, type Network } from '../lib/network.ts';
import { createWagmiConfig } from '../lib/wagmi.ts';
import { App } from './app.tsx';
import { NetworkProvider } from './network-context.tsx';

const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 1_000, retry: 1, refetchOnWindowFocus: false } },
});

/** Learns where the network is, then starts the studio. Until there is one, it says so and tries again. */
export function Boot() {
  return (
    <QueryClientProvider client={queries}>
      <Start />
    </QueryClientProvider>
  );
}

function Start() {
  const network = useQuery({
    queryKey: ['network'],
    queryFn: loadNetwork,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (state.data === undefined ? 2_000 : false),
  });
  if (network.data !== undefined) return <Connected network={network.data} />;
  return (
    <main className="boot" aria-live="polite">
      <img src="/mark.svg" alt="" width="48" height="48" />
      <h1>{network.isError ? 'No network yet' : 'Looking for the network'}</h1>
      <p>{network.isError ? network.error.message : 'One moment.'}</p>
    </main>
  );
}

function Connected({ network }: { network: Network }) {
  const [config] = useState(() => createWagmiConfig(network));
  return (
    <WagmiProvider config={config}>
      <NetworkProvider network={network}>
        <App />
      </NetworkProvider>
    </WagmiProvider>
  );
}
