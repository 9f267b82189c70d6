import type { PaymentPayload, PaymentRequirements } from '@x402/core/types';
import { isAuthCapturePayload } from '@x402/evm';
import { type Hex, isAddressEqual, isHex, zeroAddress } from 'viem';
import { z } from 'zod';
import type { Chain } from '../chain/chain.ts';
import { revertOf } from '../chain/transact.ts';
import { randomBytes } from '../gateway/channelless.ts';
import { type Held, HOLD_ESCROW, holdTerms, infoOf, isToldLately, paymentHash } from './hold.ts';
import type { Inbox, Payment } from './inbox.ts';
import { QUOTE_SECONDS } from './quotes.ts';
import type { Scheme } from './scheme.ts';
import { authorized, paymentIn } from './verify.ts';

/** The x402 libraries' codes for what a payment of this scheme may lack. */
const code = (reason: string) => `invalid_auth_capture_evm_${reason}`;

const deadlines = z.object({ captureDeadline: z.number().int(), refundDeadline: z.number().int() });
const salted = authorized.extend({ salt: z.custom<Hex>((value) => isHex(value) && value.length === 66) });
/** The last 32 bytes of a signature by a wallet that is yet to be deployed (ERC-6492). */
const NOT_DEPLOYED = '6492'.repeat(16);
/** Less than this, in seconds, may be over before a block is made. */
const BLOCK_SECONDS = 6;

const RECEIVE_WITH_AUTHORIZATION = {
  ReceiveWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
} as const;

/**
 * A price by use: the most that the call may cost is on hold before the answer begins, and what it did cost is captured
 * after that ({@link createCaptures}).
 */
export function createMetered(chain: Chain, inbox: Inbox, now: () => number): Scheme {
  const { client, contracts, viemChain } = chain;
  const token = contracts.GovernanceOpen;
  const collector = HOLD_ESCROW.eip3009Collector;

  /** What the chain would not say, or not by name. */
  async function faultOf(payload: z.infer<typeof salted>, held: Held, requirements: PaymentRequirements) {
    const { authorization, signature } = payload;
    const { captureDeadline, consumer, maxAmount, preApprovalExpiry } = held;
    if (!isToldLately(captureDeadline, now())) return 'deadline_ordering';
    if (preApprovalExpiry <= now() + BLOCK_SECONDS) return 'authorization_expired';
    if (preApprovalExpiry > captureDeadline) return 'deadline_ordering';
    if (!isAddressEqual(authorization.to, collector)) return 'token_collector_mismatch';
    if (maxAmount !== BigInt(requirements.amount)) return 'amount_mismatch';
    const nonce = paymentHash(viemChain.id, infoOf({ ...held, consumer: zeroAddress }, inbox.address, token));
    if (authorization.nonce.toLowerCase() !== nonce) return 'nonce_mismatch';
    // A factory of a stranger's choice would run at the node's expense.
    if (signature.toLowerCase().endsWith(NOT_DEPLOYED)) return 'erc6492_factory_not_allowed';
    const isSigned = await client.verifyTypedData({
      address: consumer,
      domain: { name: 'Governance OPEN', version: '1', chainId: viemChain.id, verifyingContract: token },
      types: RECEIVE_WITH_AUTHORIZATION,
      primaryType: 'ReceiveWithAuthorization',
      message: {
        ...{ from: consumer, to: collector, value: maxAmount, nonce },
        ...{ validAfter: 0n, validBefore: BigInt(preApprovalExpiry) },
      },
      signature,
    });
    return isSigned ? undefined : 'signature';
  }

  /** Whether the chain would hold it, by simulation. */
  async function refusalOf(held: Held, { nonce, signature }: Pick<Payment, 'nonce' | 'signature'>) {
    try {
      await inbox.tryHold(held, signature, `${randomBytes(12)}${inbox.address.slice(2)}`);
      return undefined;
    } catch (error) {
      if (revertOf(error) === undefined) throw error;
      if (await inbox.isUsed(held.consumer, nonce)) return 'payment_already_collected';
      if ((await inbox.balance(held.consumer)) < held.maxAmount) return 'insufficient_balance';
      return revertOf(error)?.name === 'AfterPreApprovalExpiry'
        ? 'authorization_expired'
        : 'simulation_failed';
    }
  }

  return {
    requirements: (amount) => ({
      ...{ scheme: 'auth-capture', network: `eip155:${viemChain.id}`, amount: amount.toString() },
      ...{ asset: token, payTo: inbox.address, maxTimeoutSeconds: QUOTE_SECONDS },
      extra: holdTerms(inbox.address, now()),
    }),
    read(offered: PaymentPayload, requirements: PaymentRequirements) {
      const terms = deadlines.safeParse(offered.accepted.extra);
      const parsed = salted.safeParse(offered.payload);
      const payment = paymentIn(offered);
      if (!isAuthCapturePayload(offered.payload) || !parsed.success || payment === undefined)
        return code('payload_format');
      if (!terms.success || terms.data.captureDeadline !== terms.data.refundDeadline) return code('extra');
      const { consumer, nonce, signature, value } = payment;
      const held: Held = {
        consumer,
        maxAmount: value,
        preApprovalExpiry: Number(payment.validBefore),
        captureDeadline: terms.data.captureDeadline,
        salt: BigInt(parsed.data.salt),
      };
      const { preApprovalExpiry, captureDeadline, salt } = held;
      return {
        ...{ scheme: 'auth-capture', consumer, nonce, amount: BigInt(requirements.amount) },
        hold: { preApprovalExpiry, captureDeadline, salt },
        spent: code('payment_already_collected'),
        async verify() {
          const fault = (await faultOf(parsed.data, held, requirements)) ?? (await refusalOf(held, payment));
          return fault && code(fault);
        },
        send: (channelNonce) => inbox.hold(held, signature, channelNonce),
        sentBy: (channelId) => inbox.heldBy(consumer, channelId),
        left: () => inbox.leftOf(held),
      };
    },
  };
}
