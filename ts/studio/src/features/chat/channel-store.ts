import type { Address, Hex } from 'viem';
import { z } from 'zod';
import type { Network } from '../../lib/network.ts';
import { hex } from '../../lib/schemas.ts';

const stored = z.object({ channelId: hex, sessionKey: hex, openedAt: z.number() });

/**
 * A payment channel of this browser. The session key signs its vouchers, so that no wallet has to be asked for
 * each answer; it can spend the channel's deposit and nothing else.
 */
export type StoredChannel = z.infer<typeof stored>;

type Place = { network: Network; consumer: Address; nodeId: number };

/** Each chain, escrow, consumer and node has its own channel, so that nothing of another network is ever used. */
function keyOf({ network, consumer, nodeId }: Place): string {
  return `openledger.channel.${network.instance}.${network.contracts.InferenceEscrow}.${consumer}.${nodeId}`;
}

/** The channel that this browser keeps for a consumer and a node. */
export function loadChannel(place: Place): StoredChannel | undefined {
  return read(keyOf(place), stored);
}

/** Keeps a channel; it is written before the deposit is sent, because the key is needed to spend it. */
export function saveChannel(place: Place, channel: StoredChannel): void {
  localStorage.setItem(keyOf(place), JSON.stringify(channel));
}

const exchange = z.object({
  id: z.string(),
  question: z.string(),
  answer: z.string(),
  model: z.string(),
  receiptHash: hex.optional(),
  salt: hex.optional(),
  error: z.string().optional(),
});

/** A question with its answer, and the receipt and salt that open it to a check. */
export type Exchange = z.infer<typeof exchange>;

const HISTORY = 40;
const historyKey = (network: Network) => `openledger.chat.${network.instance}`;

/** What was asked in this browser, the oldest first. */
export function loadHistory(network: Network): Exchange[] {
  return read(historyKey(network), z.array(exchange)) ?? [];
}

/** Keeps the newest exchanges. */
export function saveHistory(network: Network, exchanges: readonly Exchange[]): void {
  localStorage.setItem(historyKey(network), JSON.stringify(exchanges.slice(-HISTORY)));
}

function read<T>(key: string, schema: z.ZodType<T>): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(localStorage.getItem(key) ?? 'null'));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** A fresh key; it never leaves this browser. */
export function newSessionKey(): Hex {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
