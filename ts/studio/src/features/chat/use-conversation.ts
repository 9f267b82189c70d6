import { useEffect, useRef, useState } from 'react';
import { useNetwork } from '../../app/network-context.tsx';
import { firstLines } from '../../app/parts.tsx';
import { useWallet } from '../../app/wallet.ts';
import type { ServedModel } from '../../lib/models.ts';
import { ask } from './ask.ts';
import { type Exchange, loadHistory, saveHistory } from './channel-store.ts';
import type { useChannel } from './use-channel.ts';

/** An exchange on the page; only those that are over are kept. */
export type LiveExchange = Exchange & { streaming?: boolean };

/** The questions and answers of this browser, and a way to add one. */
export function useConversation(payment: ReturnType<typeof useChannel>) {
  const network = useNetwork();
  const { publicClient } = useWallet();
  const [exchanges, setExchanges] = useState<readonly LiveExchange[]>(() => loadHistory(network));
  const [isBusy, setBusy] = useState(false);
  const abort = useRef(new AbortController());
  useEffect(() => {
    const controller = new AbortController();
    abort.current = controller;
    return () => controller.abort();
  }, []);

  async function run(model: ServedModel, question: string): Promise<void> {
    const { channel } = payment;
    if (channel === undefined) return;
    const id = crypto.randomUUID();
    let exchange: LiveExchange = { id, question, answer: '', model: model.id, streaming: true };
    const show = (change: Partial<LiveExchange>) => {
      exchange = { ...exchange, ...change };
      setExchanges((before) => [...before.filter((one) => one.id !== id), exchange]);
    };
    show({});
    setBusy(true);
    try {
      const { signal } = abort.current;
      for await (const event of ask({ network, publicClient, channel, model: model.id, question, signal })) {
        if (event.type === 'text') show({ answer: exchange.answer + event.text });
        else show({ receiptHash: event.receiptHash, salt: event.salt });
      }
    } catch (error) {
      show({ error: error instanceof Error ? firstLines(error.message) : String(error) });
    } finally {
      show({ streaming: undefined });
      setBusy(false);
      const { streaming: _, ...kept } = exchange;
      saveHistory(network, [...loadHistory(network), kept]);
      payment.refresh();
    }
  }

  return { exchanges, isBusy, ask: (model: ServedModel, question: string) => void run(model, question) };
}
