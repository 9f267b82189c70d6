import { webStore } from '@openledger/sdk/client/channel-record';
import { createInferenceClient } from '@openledger/sdk/client/inference-client';
import type { Hex, PublicClient } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { Network } from '../../lib/network.ts';
import type { OpenChannel } from './use-channel.ts';

/** Long enough for the world's answers, and a bound on what one answer may cost. */
const MAX_TOKENS = 160;

/** What happens while an answer comes. */
export type AnswerEvent = { type: 'text'; text: string } | { type: 'done'; receiptHash: Hex; salt: Hex };

/**
 * Asks a question and pays for the answer. The receipt is checked before the channel's key signs for it, and
 * the channel's record is kept in this browser, so that a lost connection costs nothing twice.
 */
export async function* ask(options: {
  network: Network;
  publicClient: PublicClient;
  channel: OpenChannel;
  model: string;
  question: string;
  signal: AbortSignal;
}): AsyncGenerator<AnswerEvent> {
  const { network, publicClient, channel, model, question, signal } = options;
  const client = createInferenceClient({
    nodeUrl: network.nodeUrl,
    channelId: channel.channelId,
    account: privateKeyToAccount(channel.sessionKey),
    chain: { client: publicClient, book: network },
    spendingLimit: channel.deposit,
    isPublic: true,
    store: webStore(localStorage, 'openledger.record.'),
  });
  const messages = [{ role: 'user' as const, content: question }];
  for await (const event of client.chat({ model, messages, max_tokens: MAX_TOKENS }, { signal })) {
    if (event.type === 'text') yield event;
    else yield { type: 'done', receiptHash: event.answer.receiptHash, salt: event.answer.salt };
  }
}
