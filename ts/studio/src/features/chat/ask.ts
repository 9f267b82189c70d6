import type { Hex } from 'viem';
import type { Network } from '../../lib/network.ts';
import type { OpenChannel } from './use-channel.ts';

/** What happens while an answer comes. */
export type AnswerEvent = { type: 'text'; text: string } | { type: 'done'; receiptHash: Hex; salt: Hex };

export async function* ask(_options: {
  network: Network;
  channel: OpenChannel;
  model: string;
  question: string;
  signal: AbortSignal;
}): AsyncGenerator<AnswerEvent> {
  throw new Error('pending');
}
