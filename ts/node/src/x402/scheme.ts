import type { PaymentPayload, PaymentRequirements } from '@x402/core/types';
import type { Address, Hex } from 'viem';
import type { ChainChannel } from '../ledger/channel.ts';
import type { PaymentEntry } from '../ledger/entries.ts';

/** A way of paying by signature, as x402 names them. */
export type Scheme = {
  /** What a request is to be paid with; `amount` is its price, or the most that it may cost. */
  requirements(amount: bigint): PaymentRequirements;
  /** The payment in a payload, or a code of the x402 libraries where there is none. */
  read(offered: PaymentPayload, requirements: PaymentRequirements): Offer | string;
};

/** A payment that came with a request. Nothing was checked, and nothing is taken before {@link Offer.send}. */
export type Offer = {
  scheme: 'exact' | 'auth-capture';
  consumer: Address;
  /** The authorization's nonce: with the consumer, what can be used once. */
  nonce: Hex;
  /** What is taken before the answer begins. */
  amount: bigint;
  /** Of a metered payment: what is written down to capture it by. */
  hold?: PaymentEntry['hold'];
  /** The code for a payment that was used before. */
  spent: string;
  /** Why the payment would not be taken: a code of the x402 libraries. */
  verify(): Promise<string | undefined>;
  /** Takes the payment; its channel is open when it resolves. */
  send(channelNonce: Hex): Promise<Hex>;
  /** The transaction that took it. */
  sentBy(channelId: Hex): Promise<Hex | undefined>;
  /** What is left of it for the call, in wei. */
  left(channel: ChainChannel): Promise<bigint>;
};
