import { requestText } from '@openledger/sdk/protocol/content';
import { GWEI } from '@openledger/sdk/protocol/receipts';
import { voucherTypedData } from '@openledger/sdk/protocol/vouchers';
import { parsePaymentPayload } from '@x402/core/schemas';
import { x402ResourceServer } from '@x402/core/server';
import type {
  PaymentPayload,
  PaymentRequired,
  PaymentRequirements,
  ResourceInfo,
  SettleResponse,
} from '@x402/core/types';
import { ExactEvmScheme } from '@x402/evm/exact/server';
import { type Hex, isAddressEqual, keccak256, type LocalAccount, toHex } from 'viem';
import type { Chain } from '../chain/chain.ts';
import { NodeError } from '../errors.ts';
import type { Calls } from '../gateway/calls.ts';
import { type PaidCall, randomBytes, saltOf, unpaidBodyOf, withChannel } from '../gateway/channelless.ts';
import type { ChainChannel } from '../ledger/channel.ts';
import type { PaymentEntry } from '../ledger/entries.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Inbox, Payment } from './inbox.ts';
import { createQuotes, QUOTE_SECONDS } from './quotes.ts';
import { createVerifier, paymentIn } from './verify.ts';

/** After so many paid calls a channel is suggested: it costs one transaction for any number of calls. */
const CALLS_BEFORE_CHANNEL = 3;

export type PaymentsDeps = {
  chain: Chain;
  inbox: Inbox;
  /** The node's agent wallet: it signs for the channels that payments open. */
  account: LocalAccount;
  nodeId: number;
  ledger: Ledger;
  calls: Pick<Calls, 'quote'>;
  /** The chain's view of a channel, not remembered. */
  readChannel(channelId: Hex): Promise<ChainChannel>;
  now(): number;
};

/** A call whose payment was accepted. */
export type X402Call = PaidCall & {
  /** What x402 tells the payer; undefined until the money is in the channel. */
  settlement(): SettleResponse | undefined;
};

/** A payment that is missing or not taken, with what would be. */
export class PaymentRefused extends Error {
  override name = 'PaymentRefused';
  readonly required: PaymentRequired;

  constructor(required: PaymentRequired) {
    super(required.error ?? 'Payment required');
    this.required = required;
  }
}

/** Payments by signed transfer: x402 version 2, scheme `exact`, paid in gOPEN by ERC-3009. */
export type Payments = {
  /** Rejects with {@link PaymentRefused} unless `payload` pays for the request. */
  admit(
    raw: Record<string, unknown>,
    resource: ResourceInfo,
    payload: unknown | undefined,
  ): Promise<X402Call>;
};

/** The payer's side of the gateway, without HTTP. */
export function createPayments(deps: PaymentsDeps): Payments {
  const { account, chain, inbox, ledger, nodeId } = deps;
  const network = `eip155:${chain.viemChain.id}` as const;
  const server = new x402ResourceServer().register(network, new ExactEvmScheme());
  const verify = createVerifier(chain, inbox);
  const priceOf = createQuotes(deps.now);

  async function admit(
    raw: Record<string, unknown>,
    resource: ResourceInfo,
    payload: unknown,
  ): Promise<X402Call> {
    const body = unpaidBodyOf(raw);
    const request = keccak256(toHex(requestText(raw)));
    const { maxFee, maxTokens } = await priceOf(request, () => deps.calls.quote(body));
    const requirements = requirementsFor(maxFee);
    await inbox.ensure();
    const refuse = (error: string) =>
      new PaymentRefused({ x402Version: 2, error, resource, accepts: [requirements] });
    if (payload === undefined) throw refuse('Payment required');
    const parsed = parsePaymentPayload(payload);
    if (!parsed.success || parsed.data.x402Version !== 2) {
      throw new NodeError(
        'bad_request',
        'The payment is not one of x402 version 2.',
        'Use a client of x402 v2.',
      );
    }
    const offered = parsed.data as PaymentPayload;
    if (server.findMatchingRequirements([requirements], offered) === undefined) {
      throw refuse('No matching payment requirements');
    }
    const payment = paymentIn(offered);
    if (payment === undefined) throw refuse('unsupported_payload_type');
    const before = await openedBefore(payment, request);
    if (before === 'spent') throw refuse('invalid_exact_evm_nonce_already_used');
    if (before === undefined) {
      const refusal = await verify(offered, payment, requirements);
      if (refusal !== undefined) throw refuse(refusal.reason);
    }
    return paidCall(raw, request, payment, before, { fee: BigInt(requirements.amount), maxTokens });
  }

  function requirementsFor(maxFee: bigint): PaymentRequirements {
    return {
      scheme: 'exact',
      network,
      // Nothing is given away by a price of zero: a transfer of zero opens no channel.
      amount: (maxFee > GWEI ? maxFee : GWEI).toString(),
      asset: chain.contracts.GovernanceOpen,
      payTo: inbox.address,
      maxTimeoutSeconds: QUOTE_SECONDS,
      // Taken before the answer begins: the node serves nothing that is not in the escrow.
      extra: { name: 'Governance OPEN', version: '1', paymentFlow: 'upfront' },
    };
  }

  /**
   * The channel that an earlier try opened with the payment, if its answer never came: then the same request may be
   * sent again. `spent` when it was answered, or the payment was used elsewhere.
   */
  async function openedBefore(payment: Payment, request: Hex): Promise<PaymentEntry | 'spent' | undefined> {
    if (!(await inbox.isUsed(payment.consumer, payment.nonce))) return undefined;
    for (const place of ledger.payments(payment.consumer)) {
      if (place.nonce !== payment.nonce) continue;
      const entry = await ledger.payment(place);
      if (entry.request !== request) continue;
      if (isAnswered(entry)) return 'spent';
      if ((await channelAt(entry.channelId)) !== undefined) return entry;
    }
    return 'spent';
  }

  function isAnswered({ channelId }: Pick<PaymentEntry, 'channelId'>): boolean {
    const state = ledger.channel(channelId);
    return state !== undefined && (state.sealed.length > 0 || state.current !== undefined);
  }

  function channelAt(channelId: Hex): Promise<ChainChannel | undefined> {
    return deps.readChannel(channelId).catch((error: unknown) => {
      if (error instanceof NodeError && error.code === 'channel_unknown') return undefined;
      throw error;
    });
  }

  async function paidCall(
    raw: Record<string, unknown>,
    request: Hex,
    payment: Payment,
    before: PaymentEntry | undefined,
    price: { fee: bigint; maxTokens: number },
  ): Promise<X402Call> {
    const { consumer, nonce } = payment;
    const channelNonce =
      before?.channelNonce ?? (`${randomBytes(12)}${account.address.slice(2).toLowerCase()}` as Hex);
    const channelId = before?.channelId ?? (await inbox.channelId(consumer, channelNonce));
    let transaction: Hex | undefined;

    async function secure(): Promise<ChainChannel> {
      if (before === undefined) {
        const amount = price.fee;
        const at = deps.now();
        await ledger.append({
          type: 'payment',
          consumer,
          nonce,
          channelId,
          channelNonce,
          amount,
          request,
          at,
        });
        transaction = await inbox.open(payment, channelNonce);
      } else transaction = await inbox.openedBy(consumer, nonce);
      const channel = await deps.readChannel(channelId);
      const left = channel.deposit - channel.settled;
      if (isAddressEqual(channel.signer, account.address) && channel.exitAt === 0 && left >= price.fee)
        return channel;
      throw new NodeError(
        'channel_closing',
        `The payment is in channel ${channelId}, which its consumer has begun to close.`,
        'Take it back with InferenceEscrow.withdraw, and pay anew.',
      );
    }

    const salt = saltOf(raw);
    const payer = consumer;
    return {
      raw: withChannel(raw, channelId, salt),
      channelId,
      prepaid: {
        ...price,
        secure,
        sign: (voucher) => account.signTypedData(voucherTypedData(chain.escrow, voucher)),
        describe: () => ({
          salt,
          payment: { scheme: 'exact', payer, amount: price.fee, channelId, transaction },
          ...channelOffer(consumer, price.fee),
        }),
      },
      settlement: () =>
        transaction === undefined
          ? undefined
          : { success: true, payer, transaction, network, amount: price.fee.toString() },
    };
  }

  function channelOffer(consumer: Hex, fee: bigint) {
    const calls = ledger.payments(consumer).filter(isAnswered).length;
    if (calls < CALLS_BEFORE_CHANNEL) return {};
    const hint =
      'Open a channel with InferenceEscrow.openChannel and sign vouchers: one transaction for any number of calls, and each costs what it used.';
    return {
      channelOffer: { nodeId, escrow: chain.contracts.InferenceEscrow, deposit: fee * 20n, calls, hint },
    };
  }

  return { admit };
}
