import { utf8 } from '@openledger/sdk/protocol/bytes';
import { feeOf, isPublic, RECEIPT_FLAG } from '@openledger/sdk/protocol/receipts';
import { NodeError } from '../errors.ts';
import {
  type ChainChannel,
  type ChannelState,
  nextPlace,
  unsignedReceipts,
  voucherFor,
} from '../ledger/channel.ts';
import { MAX_PUBLIC_BYTES } from '../ledger/claim-size.ts';
import type { Prices } from '../models/types.ts';
import { PaymentError } from './http-errors.ts';
import type { ChatBody, CompletionBody, PaymentBody } from './openai.ts';

/** Refuses a PUBLIC call that no claim has room for; `outputBytes` as far as they are known. */
export function requireRoom(flags: number, request: string, outputBytes = 0): void {
  if (!isPublic({ flags })) return;
  if (Math.max(utf8(request).length, outputBytes) <= MAX_PUBLIC_BYTES) return;
  throw new NodeError(
    'bad_request',
    `A PUBLIC request, and its answer, may have ${MAX_PUBLIC_BYTES} bytes: both are published with the claim.`,
    'Send less, or send it without the PUBLIC flag.',
  );
}

/** A receipt's flags. */
export function flagsOf(payment: PaymentBody): number {
  const published = payment.flags.includes('PUBLIC');
  const noAudit = payment.flags.includes('NO_AUDIT');
  if (published && noAudit) {
    throw new NodeError(
      'bad_request',
      'PUBLIC and NO_AUDIT exclude each other.',
      'Send one of the two flags.',
    );
  }
  return (published ? RECEIPT_FLAG.public : 0) | (noAudit ? RECEIPT_FLAG.noAudit : 0);
}

/** What is left of a channel's deposit, in wei. */
export function leftOn(state: ChannelState | undefined, chain: ChainChannel): bigint {
  const signed = state?.current?.voucher?.cumulativeFee ?? nextPlace(state, chain).settledFee;
  return chain.deposit - signed;
}

/** How many tokens the rest of the deposit pays for. A client that named a number gets it or a refusal. */
export function affordable(options: {
  prices: Prices;
  activation: bigint;
  tokensIn: number;
  wanted: number;
  budget: bigint;
  exact: boolean;
}): number {
  const cost = (tokens: number) => options.activation + feeOf(options.prices, options.tokensIn, tokens);
  if (cost(options.wanted) <= options.budget) return options.wanted;
  let tokens = options.exact ? 0 : options.wanted;
  while (tokens > 0 && cost(tokens) > options.budget) tokens = Math.floor(tokens / 2);
  if (tokens > 0) return tokens;
  throw new PaymentError(
    'channel_exhausted',
    `This call may cost ${cost(options.wanted)} wei and the channel has ${options.budget} left.`,
    'Add to the deposit with InferenceEscrow.topUp, or ask for fewer tokens.',
    { required: cost(options.wanted), available: options.budget },
  );
}

/** The refusal of a voucher that pays for something else. */
export function otherChannel(): NodeError {
  return new NodeError(
    'voucher_rejected',
    'The voucher is for another channel than the call.',
    'Send the voucher of the channel named in openledger.channelId, or use POST /v1/vouchers.',
  );
}

/** Refuses a channel whose last answer is not signed for, and says what to sign. */
export function requireNothingUnsigned(state: ChannelState | undefined): void {
  if (state?.defaulted === true) {
    throw new NodeError(
      'channel_defaulted',
      'A call on this channel was never paid, so it is served no more.',
      'Open a new channel.',
    );
  }
  const unsigned = unsignedReceipts(state?.current);
  if (state?.current === undefined || unsigned.length === 0) return;
  throw new PaymentError(
    'payment_required',
    `${unsigned.length === 1 ? 'The last answer is' : `${unsigned.length} answers are`} not paid yet.`,
    'Sign the voucher below and send it as openledger.voucher with this request, or with POST /v1/vouchers.',
    {
      voucher: voucherFor(state.channelId, state.current),
      receipts: unsigned.map(({ receipt, hash }) => ({ ...receipt, hash })),
    },
  );
}

/** How many likely tokens an answer shows beside each of its own; undefined: no log-probabilities. */
export function logProbabilitiesOf(body: ChatBody | CompletionBody): number | undefined {
  if ('messages' in body) return body.logprobs ? (body.top_logprobs ?? 0) : undefined;
  return body.logprobs ?? undefined;
}
