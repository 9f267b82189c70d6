import { type Address, type Client, createClient, defineChain, http } from 'viem';
import { createConfig, createConnector, createStorage } from 'wagmi';
import { injected } from 'wagmi/connectors';
import { DEVNET_ROLES, devnetAccount } from './devnet.ts';
import { DEVNET_CHAIN_ID, type Network } from './network.ts';

/** The chain of a network, as viem wants to know it. */
export function chainOf(network: Network) {
  return defineChain({
    id: network.chainId,
    name: network.chainId === DEVNET_CHAIN_ID ? 'OpenLedger devnet' : 'OpenLedger',
    nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
    rpcUrls: { default: { http: [network.rpcUrl] } },
    testnet: network.chainId === DEVNET_CHAIN_ID,
  });
}

/**
 * wagmi's configuration: wallets that the browser announces, and, on the devnet only, accounts that anybody
 * knows, so that the studio can be tried without a wallet.
 */
export function createWagmiConfig(network: Network) {
  const chain = chainOf(network);
  const isDevnet = network.chainId === DEVNET_CHAIN_ID;
  return createConfig({
    chains: [chain],
    transports: { [chain.id]: http(network.rpcUrl) },
    pollingInterval: isDevnet ? 500 : 4_000,
    connectors: [injected(), ...(isDevnet ? DEVNET_ROLES.map(devnetConnector) : [])],
    storage: createStorage({ storage: localStorage, key: `openledger.${network.chainId}` }),
  });
}

/** The id of a devnet account's connector. */
export function devnetConnectorId(index: number): string {
  return `devnet-${index}`;
}

/** Which devnet account was chosen last, so that a reload does not choose another. */
const CHOSEN = 'openledger.devnet-account';

/** A connector that signs with a devnet key in this page. */
function devnetConnector({ index, name }: { index: number; name: string }) {
  return createConnector((config) => {
    const chain = config.chains[0];
    const accounts = (): readonly Address[] => [devnetAccount(index).address];
    const client = (): Client =>
      createClient({
        account: devnetAccount(index),
        chain,
        transport: config.transports?.[chain.id] ?? http(),
        pollingInterval: 500,
      });
    return {
      id: devnetConnectorId(index),
      name,
      type: 'devnet',
      connect: async ({ withCapabilities } = {}) => {
        localStorage.setItem(CHOSEN, devnetConnectorId(index));
        // wagmi's type depends on the argument; both shapes are built here.
        const shaped =
          withCapabilities === true
            ? accounts().map((address) => ({ address, capabilities: {} }))
            : accounts();
        return { accounts: shaped as never, chainId: chain.id };
      },
      disconnect: async () => localStorage.removeItem(CHOSEN),
      getAccounts: async () => accounts(),
      getChainId: async () => chain.id,
      getProvider: async () => client().transport,
      getClient: async () => client(),
      isAuthorized: async () => localStorage.getItem(CHOSEN) === devnetConnectorId(index),
      onAccountsChanged: () => {},
      onChainChanged: () => {},
      onDisconnect: () => {},
    };
  });
}
