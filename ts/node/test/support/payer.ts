import { governanceOpenAbi } from '@openledger/sdk/abis';
import type { PaymentPayload } from '@x402/core/types';
import { AuthCaptureEvmScheme } from '@x402/evm/auth-capture/client';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { wrapFetchWithPayment, x402Client, x402HTTPClient } from '@x402/fetch';
import type { LocalAccount } from 'viem';
import { expect } from 'vitest';
import type { Chain } from '../../src/chain/chain.ts';
import { checkAnswer } from './check-answers.ts';
import { send } from './world.ts';

export type Payer = ReturnType<typeof payerOf>;

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

/** A POST of JSON. */
export function post(body: unknown, headers: Record<string, string> = {}) {
  const all = { 'content-type': 'application/json', ...headers };
  return { method: 'POST', headers: all, body: JSON.stringify(body) };
}

/** Asks a node for chat completions, as a client that pays by hand. */
export function payingByHand(payer: () => Payer, url: () => string) {
  const pay = (body: unknown, payment: PaymentPayload) =>
    fetch(url(), post(body, payer().http.encodePaymentSignatureHeader(payment)));
  return {
    /** What the node asks for, and a payment that the client signs for it. */
    async signed(body: unknown, as = payer()): Promise<PaymentPayload> {
      const asked = await fetch(url(), post(body));
      expect(asked.status).toBe(402);
      await checkAnswer('POST', '/v1/chat/completions', asked.clone());
      const header = (name: string) => asked.headers.get(name);
      const required = as.http.getPaymentRequiredResponse(header, await asked.json());
      return as.http.createPaymentPayload(required);
    },
    pay,
    /** Why a payment was refused, as a client of x402 reads it. */
    async refusal(body: unknown, payment: PaymentPayload): Promise<string | undefined> {
      const response = await pay(body, payment);
      expect(response.status).toBe(402);
      return payer().http.getPaymentRequiredResponse((name) => response.headers.get(name), undefined).error;
    },
  };
}
