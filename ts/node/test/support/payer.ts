import { governanceOpenAbi } from '@openledger/sdk/abis';
import { AuthCaptureEvmScheme } from '@x402/evm/auth-capture/client';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { wrapFetchWithPayment, x402Client, x402HTTPClient } from '@x402/fetch';
import type { LocalAccount } from 'viem';
import type { Chain } from '../../src/chain/chain.ts';
import { send } from './world.ts';

/** The published client of x402 for an account that holds gOPEN, and nothing of the project's own. */
export function payerOf(chain: Chain, account: LocalAccount, way: 'exact' | 'metered' = 'exact') {
  const network = `eip155:${chain.viemChain.id}` as const;
  const client = new x402Client()
    .register(network, way === 'exact' ? new ExactEvmScheme(account) : new AuthCaptureEvmScheme(account))
    // The library spends tokens that it does not know only when it is told to.
    .setSpendControls({ allowedAssets: [{ network, asset: chain.contracts.GovernanceOpen }] });
  return { fetch: wrapFetchWithPayment(fetch, client), http: new x402HTTPClient(client) };
}

/** Wraps OPEN for an account. */
export function wrapOpen(chain: Chain, account: LocalAccount, value: bigint): Promise<void> {
  const address = chain.contracts.GovernanceOpen;
  return send(chain, account, { address, abi: governanceOpenAbi, functionName: 'deposit', args: [], value });
}
