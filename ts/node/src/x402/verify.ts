import type { PaymentPayload, PaymentRequirements } from '@x402/core/types';
import { ExactEvmScheme } from '@x402/evm/exact/facilitator';
import { type Hex, isAddress, isHex } from 'viem';
import { z } from 'zod';
import type { Chain } from '../chain/chain.ts';
import type { Inbox, Payment } from './inbox.ts';

/** Why a payment is not taken: a code of the x402 libraries. */
export type Refusal = { reason: string };

const address = z.string().refine((text) => isAddress(text), 'is not an address');
const number = z.string().regex(/^\d{1,78}$/);
/** An ERC-3009 authorization on the wire. */
export const authorized = z.object({
  signature: z.custom<Hex>((value) => isHex(value) && value.length <= 8192),
  authorization: z.object({
    from: address,
    to: address,
    value: number,
    validAfter: number,
    validBefore: number,
    nonce: z.custom<Hex>((value) => isHex(value) && value.length === 66),
  }),
});

/** The authorization in a payload; undefined when it is of another kind, such as Permit2. */
export function paymentIn(payload: PaymentPayload): Payment | undefined {
  const parsed = authorized.safeParse(payload.payload);
  if (!parsed.success) return undefined;
  const { authorization, signature } = parsed.data;
  return {
    consumer: authorization.from,
    value: BigInt(authorization.value),
    validAfter: BigInt(authorization.validAfter),
    validBefore: BigInt(authorization.validBefore),
    nonce: authorization.nonce.toLowerCase() as Hex,
    signature,
  };
}

/**
 * Checks a payment with the published library: signature, addressee, amount and window, and by simulation whether gOPEN
 * would execute it. The inbox is who executes, so the simulation runs in its name.
 */
export function createVerifier(chain: Chain, inbox: Inbox) {
  const { client } = chain;
  const elsewhere = () => Promise.reject(new Error('The node opens payments through its inbox.'));
  const scheme = new ExactEvmScheme({
    getAddresses: () => [inbox.address],
    readContract: (call) => client.readContract({ ...call, account: inbox.address }),
    verifyTypedData: (typed) => client.verifyTypedData(typed as Parameters<typeof client.verifyTypedData>[0]),
    getCode: (account) => client.getCode(account),
    waitForTransactionReceipt: (transaction) => client.waitForTransactionReceipt(transaction),
    writeContract: elsewhere,
    sendTransaction: elsewhere,
  });

  return async function verify(
    payload: PaymentPayload,
    payment: Payment,
    requirements: PaymentRequirements,
  ): Promise<Refusal | undefined> {
    const result = await scheme.verify(payload, requirements);
    if (result.isValid) return undefined;
    const reason = result.invalidReason ?? 'invalid_payload';
    if (reason !== 'invalid_exact_evm_transaction_simulation_failed') return { reason };
    // The library finds the cause with Multicall3, which not every chain has.
    const { consumer, nonce, value } = payment;
    if (await inbox.isUsed(consumer, nonce)) return { reason: 'invalid_exact_evm_nonce_already_used' };
    if ((await inbox.balance(consumer)) < value) return { reason: 'invalid_exact_evm_insufficient_balance' };
    return { reason };
  };
}
