import { type Hex, isHex, toHex } from 'viem';
import type { CallBody } from './calls.ts';
import { chatBody, completionBody, parseBody } from './openai.ts';
import type { Prepaid } from './plan.ts';

const NO_CHANNEL: Hex = `0x${'00'.repeat(32)}`;

/** A call that named no channel, with the channel that pays for it. Nothing is taken before {@link Prepaid.secure} is asked. */
export type PaidCall = {
  /** The request with that channel. */
  raw: Record<string, unknown>;
  prepaid: Prepaid;
  channelId: Hex;
};

/** A request as the gateway reads it: a plain completion has a prompt. */
export function callBodyOf(raw: Record<string, unknown>): CallBody {
  return 'prompt' in raw ? parseBody(completionBody, raw) : parseBody(chatBody, raw);
}

/** A request as it can be priced, before it has a channel. */
export function unpaidBodyOf(raw: Record<string, unknown>): CallBody {
  return callBodyOf(withChannel(raw, NO_CHANNEL, NO_CHANNEL));
}

/** The request on a channel. */
export function withChannel(
  raw: Record<string, unknown>,
  channelId: Hex,
  salt: Hex,
): Record<string, unknown> {
  return { ...raw, openledger: { ...paymentBlock(raw), channelId, salt, voucher: undefined } };
}

/** The consumer's own salt, or one that the node draws: then the answer must say it. */
export function saltOf(raw: Record<string, unknown>): Hex {
  const { salt } = paymentBlock(raw);
  return isHex(salt) && salt.length === 66 ? salt : randomBytes(32);
}

export function randomBytes(length: number): Hex {
  return toHex(crypto.getRandomValues(new Uint8Array(length)));
}

function paymentBlock(raw: Record<string, unknown>): Record<string, unknown> {
  const block = raw.openledger;
  return typeof block === 'object' && block !== null ? (block as Record<string, unknown>) : {};
}
