import { GWEI } from '@openledger/sdk/protocol/receipts';
import { requestText } from '@openledger/sdk/protocol/request';
import { voucherTypedData } from '@openledger/sdk/protocol/vouchers';
import { parsePaymentPayload } from '@x402/core/schemas';
import { x402ResourceServer } from '@x402/core/server';
import type {
  PaymentPayload,
  PaymentRequired,
  ResourceInfo,
  SchemeNetworkServer,
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
import { type Captures, channelReader, RETRY_SECONDS } from './captures.ts';
import { createExact } from './exact.ts';
import type { Inbox } from './inbox.ts';
import { createMetered } from './metered.ts';
import { createQuotes } from './quotes.ts';
import type { Offer, Scheme } from './scheme.ts';

/** After so many paid calls a channel is suggested: it costs one transaction for any number of calls. */
const CALLS_BEFORE_CHANNEL = 3;
/** So many payments of one payer may be on hold without an answer, or a call in progress. */
const MOST_LEFT = 3;

export type PaymentsDeps = {
  chain: Chain;
  inbox: Inbox;
  /** The node's agent wallet: it signs for the channels that payments open. */
  account: LocalAccount;
  nodeId: number;
  ledger: Ledger;
  calls: Pick<Calls, 'quote' | 'isBusy'>;
  captures: Pick<Captures, 'isReleasing'>;
  /** Whether calls are metered, too, where the chain has the contracts for it. */
  isMetered: boolean;
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

/** Payments by signature: x402 version 2, in gOPEN by ERC-3009; schemes `exact` (a fixed price) and `auth-capture` (by use). */
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
  const { account, captures, chain, inbox, ledger, nodeId } = deps;
  const network = `eip155:${chain.viemChain.id}` as const;
  const schemes: Scheme[] = [createExact(chain, inbox)];
  const server = new x402ResourceServer().register(network, new ExactEvmScheme());
  if (deps.isMetered && inbox.canHold) {
    schemes.push(createMetered(chain, inbox, deps.now));
    // A deadline was told with the price, some moments earlier.
    const dynamicExtraFields = ['captureDeadline', 'refundDeadline'];
    server.register(network, { ...unpriced, scheme: 'auth-capture', dynamicExtraFields });
  }
  const priceOf = createQuotes(deps.now);
  const channelAt = channelReader(deps.readChannel);

  async function admit(
    raw: Record<string, unknown>,
    resource: ResourceInfo,
    payload: unknown,
  ): Promise<X402Call> {
    const body = unpaidBodyOf(raw);
    const request = keccak256(toHex(requestText(raw)));
    const { maxFee, maxTokens } = await priceOf(request, () => deps.calls.quote(body));
    // Nothing is given away by a price of zero: a transfer of zero opens no channel.
    const accepts = schemes.map((scheme) => scheme.requirements(maxFee > GWEI ? maxFee : GWEI));
    await inbox.ensure();
    const refuse = (error: string) => new PaymentRefused({ x402Version: 2, error, resource, accepts });
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
    const requirements = server.findMatchingRequirements(accepts, offered);
    const scheme = requirements && schemes[accepts.indexOf(requirements)];
    if (requirements === undefined || scheme === undefined) throw refuse('No matching payment requirements');
    const offer = scheme.read(offered, requirements);
    if (typeof offer === 'string') throw refuse(offer);
    const before = await takenBefore(offer, request);
    if (before === 'spent') throw refuse(offer.spent);
    if (before === undefined) {
      if (offer.hold !== undefined) requireAnswersTaken(offer.consumer);
      const reason = await offer.verify();
      if (reason !== undefined) throw refuse(reason);
    }
    return paidCall(raw, request, offer, before, maxTokens);
  }

  /**
   * The channel that an earlier try opened with the payment, if its answer never came: then the same request may be
   * sent again. `spent` when it was answered, or the payment was used elsewhere, or what it holds is about to be given back.
   */
  async function takenBefore(
    { consumer, nonce, hold }: Offer,
    request: Hex,
  ): Promise<PaymentEntry | 'spent' | undefined> {
    if (!(await inbox.isUsed(consumer, nonce))) return undefined;
    for (const place of ledger.payments(consumer)) {
      if (place.nonce !== nonce) continue;
      const entry = await ledger.payment(place);
      if (entry.request !== request) continue;
      if (isAnswered(entry) || !isSameHold(hold, entry.hold)) return 'spent';
      if (hold !== undefined && deps.now() > entry.at + RETRY_SECONDS) return 'spent';
      if ((await channelAt(entry.channelId)) !== undefined) return entry;
    }
    return 'spent';
  }

  /** To hold and to give back costs the node, and a payer nothing: who leaves answers lying waits until that is over. */
  function requireAnswersTaken(consumer: Hex): void {
    const left = ledger
      .holds()
      .filter((one) => isAddressEqual(one.consumer, consumer))
      .filter((one) => !isAnswered(one) && !deps.calls.isBusy(one.channelId));
    if (left.length < MOST_LEFT) return;
    throw new NodeError(
      'busy',
      `${left.length} payments of yours are on hold for answers that you did not wait for.`,
      `Send those requests again with the same payments, or wait: they come back after ${RETRY_SECONDS / 60} minutes.`,
    );
  }

  function isAnswered({ channelId }: Pick<PaymentEntry, 'channelId'>): boolean {
    const state = ledger.channel(channelId);
    return state !== undefined && (state.sealed.length > 0 || state.current !== undefined);
  }

  async function paidCall(
    raw: Record<string, unknown>,
    request: Hex,
    offer: Offer,
    before: PaymentEntry | undefined,
    maxTokens: number,
  ): Promise<X402Call> {
    const { scheme, consumer, nonce, amount, hold } = offer;
    const channelNonce =
      before?.channelNonce ?? (`${randomBytes(12)}${account.address.slice(2).toLowerCase()}` as Hex);
    const channelId = before?.channelId ?? (await inbox.channelId(consumer, channelNonce));
    let transaction: Hex | undefined;
    let cost: bigint | undefined;

    async function secure(maxFee: bigint): Promise<ChainChannel> {
      if (maxFee > amount) throw dearer(maxFee, amount);
      if (before === undefined) {
        const at = deps.now();
        const entry = { consumer, nonce, channelId, channelNonce, amount, request, at };
        await ledger.append({ type: 'payment', ...entry, ...(hold && { hold }) });
        transaction = await offer.send(channelNonce).catch(async (error: unknown) => {
          const isRefused = error instanceof NodeError && error.code === 'payment_required';
          if (hold !== undefined && isRefused)
            await ledger.append({ type: 'capture', channelId, amount: 0n, at });
          throw error;
        });
      } else transaction = await offer.sentBy(channelId);
      const channel = await deps.readChannel(channelId);
      const isOurs = isAddressEqual(channel.signer, account.address) && channel.exitAt === 0;
      if (isOurs && !captures.isReleasing(channelId) && (await offer.left(channel)) >= maxFee) return channel;
      throw new NodeError(
        'channel_closing',
        `The payment is in channel ${channelId}, which is being closed.`,
        'Take it back with InferenceEscrow.withdraw if it has not come back by itself, and pay anew.',
      );
    }

    const salt = saltOf(raw);
    const payer = consumer;
    return {
      raw: withChannel(raw, channelId, salt),
      channelId,
      prepaid: {
        fee: hold === undefined ? amount : undefined,
        maxTokens,
        secure,
        sign: (voucher) => account.signTypedData(voucherTypedData(chain.escrow, voucher)),
        describe(fee) {
          cost = fee;
          const payment = { scheme, payer, amount: fee, channelId, transaction };
          return {
            salt,
            payment: hold === undefined ? payment : { ...payment, held: amount },
            ...channelOffer(consumer, amount),
          };
        },
      },
      settlement() {
        if (transaction === undefined) return undefined;
        const taken = { success: true, payer, transaction, network, amount: amount.toString() };
        // What is told with the header is the hold; a stream's cost is not known by then.
        return hold === undefined || cost === undefined
          ? taken
          : { ...taken, extra: { fee: cost.toString() } };
      },
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

/** Prices are the node's own: the library is asked only which payment is for which. */
const unpriced: Omit<SchemeNetworkServer, 'scheme'> = {
  defaultAssetTransferMethod: 'eip3009',
  paymentFlows: { eip3009: { default: 'escrow', supported: ['escrow'] } },
  parsePrice: () => Promise.reject(new Error('The node prices its calls itself.')),
  enhancePaymentRequirements: async (requirements) => requirements,
};

/** What was sent again must be what is captured later. */
function isSameHold(one: PaymentEntry['hold'], other: PaymentEntry['hold']): boolean {
  return (
    one?.salt === other?.salt &&
    one?.preApprovalExpiry === other?.preApprovalExpiry &&
    one?.captureDeadline === other?.captureDeadline
  );
}

function dearer(fee: bigint, paid: bigint): NodeError {
  return new NodeError(
    'payment_required',
    `The call may now cost ${fee} wei, and the payment is of ${paid}: its adapter was unloaded since.`,
    'Nothing was taken. Ask for the price again.',
  );
}
