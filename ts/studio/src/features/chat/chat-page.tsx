import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type KeyboardEvent, useState } from 'react';
import { useNetwork } from '../../app/network-context.tsx';
import { Failure, Open } from '../../app/parts.tsx';
import { useSearch } from '../../app/router.tsx';
import { listModels } from '../../lib/models.ts';
import { ChannelBar } from './channel-bar.tsx';
import { ExchangeView } from './exchange-view.tsx';
import { useChannel } from './use-channel.ts';
import { useConversation } from './use-conversation.ts';
import { useExamples } from './use-examples.ts';

/** Ask a model, watch the answer come, and see who shaped it. */
export function ChatPage() {
  const { nodeUrl } = useNetwork();
  const wanted = useSearch().get('model');
  const models = useQuery({
    queryKey: ['models', nodeUrl],
    queryFn: () => listModels(nodeUrl),
    refetchInterval: 5_000,
  });
  const [chosen, setChosen] = useState<string | undefined>(wanted ?? undefined);
  const newest = models.data?.filter(({ kind }) => kind === 'adapter').at(-1) ?? models.data?.[0];
  const model = models.data?.find(({ id }) => id === chosen) ?? newest;
  const payment = useChannel();
  const conversation = useConversation(payment);
  const examples = useExamples(model);
  const [question, setQuestion] = useState('');
  const count = conversation.exchanges.length;

  const blocker =
    model === undefined
      ? 'No model is served yet.'
      : payment.channel === undefined
        ? 'Open a channel first.'
        : undefined;
  const ask = (text: string) => {
    if (model === undefined || text.trim() === '' || blocker !== undefined || conversation.isBusy) return;
    setQuestion('');
    conversation.ask(model, text.trim());
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask(question);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    ask(question);
  };

  return (
    <div className="page chat">
      <header className="page-head">
        <h1>Chat</h1>
      </header>
      <div className="chat-top card">
        <label className="field">
          <span>Model</span>
          <select value={model?.id ?? ''} onChange={(event) => setChosen(event.target.value)}>
            {models.data?.map(({ id, name, kind }) => (
              <option key={id} value={id}>
                {name === id ? id : `${name} (${id})`}
                {kind === 'base' ? ' · base' : ''}
              </option>
            ))}
          </select>
          {model !== undefined && (
            <small>
              <Open wei={model.prices.baseFee} /> per call, <Open wei={model.prices.outputPer1k} /> per 1000
              tokens
              {model.prices.activation > 0n && !model.resident && (
                <>
                  , <Open wei={model.prices.activation} /> to load it
                </>
              )}
            </small>
          )}
        </label>
        <ChannelBar payment={payment} />
      </div>
      {models.error && <Failure error={models.error} />}
      {conversation.exchanges.map((exchange, index) => (
        <ExchangeView key={exchange.id} exchange={exchange} newest={index === count - 1} />
      ))}
      {count === 0 && (
        <p className="invite">
          Ask something the adapter has learned. The answer comes with the contributions that shaped it, and
          with what each of them earns.
        </p>
      )}
      <form className="composer" onSubmit={submit} data-quiet={count > 0 || undefined}>
        {examples.length > 0 && (
          <ul className="examples" aria-label="Example questions">
            {examples.map((example) => (
              <li key={example}>
                <button
                  type="button"
                  onClick={() => (blocker === undefined ? ask(example) : setQuestion(example))}
                >
                  {example}
                </button>
              </li>
            ))}
          </ul>
        )}
        <div className="composer-line">
          <textarea
            rows={1}
            value={question}
            aria-label="Your question"
            placeholder="Ask a question"
            onChange={(event) => setQuestion(event.target.value)}
            onKeyDown={onKeyDown}
          />
          <button
            type="submit"
            className="primary"
            disabled={blocker !== undefined || conversation.isBusy || question.trim() === ''}
          >
            Ask
          </button>
        </div>
        {(count === 0 || blocker !== undefined) && (
          <p className="hint" aria-live="polite">
            {blocker ?? 'Questions and answers are public receipts here. Each question stands alone.'}
          </p>
        )}
      </form>
    </div>
  );
}
