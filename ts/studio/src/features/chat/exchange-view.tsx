import { useQuery } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState } from 'react';
import { useNetwork } from '../../app/network-context.tsx';
import { Failure } from '../../app/parts.tsx';
import { readReceipt } from '../../lib/receipts.ts';
import { AnswerText } from './answer-text.tsx';
import { sourcesOf } from './attribution.ts';
import { AttributionPanel } from './attribution-panel.tsx';
import type { Exchange } from './channel-store.ts';

/** A question, its answer with the matches in it, and beside it who shaped it. */
export function ExchangeView({
  exchange,
  newest,
}: {
  exchange: Exchange & { streaming?: boolean };
  newest: boolean;
}) {
  const { nodeUrl } = useNetwork();
  const panelId = useId();
  // Only the newest shows its panel by itself; a click on any of them counts for longer.
  const [wanted, setOpen] = useState<boolean>();
  const open = wanted ?? newest;
  const [selected, setSelected] = useState<number>();
  const { receiptHash, salt, answer, streaming } = exchange;
  const article = useRef<HTMLElement>(null);
  const begins = useRef(streaming);
  useEffect(() => {
    if (begins.current) article.current?.scrollIntoView({ block: 'start' });
  }, []);
  const view = useQuery({
    queryKey: ['receipt', nodeUrl, receiptHash],
    enabled: receiptHash !== undefined && open,
    queryFn: () => readReceipt(nodeUrl, receiptHash!, salt),
    // Attribution takes a moment; later the receipt moves on to its claim.
    refetchInterval: ({ state: { data } }) =>
      data?.status === 'final' ? false : data?.attribution == null ? 700 : 4_000,
  });
  const attribution = view.data?.attribution ?? undefined;
  const sources =
    attribution === undefined || view.data === undefined
      ? []
      : sourcesOf(attribution, view.data.receipt.outputLength);
  return (
    <article className="exchange" ref={article}>
      <div className="exchange-text">
        <p className="question">
          <span className="sr">Question: </span>
          {exchange.question}
        </p>
        <div className="reply" role="log" aria-live="polite" aria-busy={streaming === true}>
          <AnswerText
            text={answer}
            sources={open ? sources : []}
            selected={selected}
            onSelect={setSelected}
            panelId={panelId}
          />
          {streaming && <span className="caret" aria-hidden="true" />}
        </div>
        {exchange.error !== undefined && <Failure error={new Error(exchange.error)} />}
        {receiptHash !== undefined && (
          <button
            type="button"
            className="quiet small"
            aria-expanded={open}
            aria-controls={panelId}
            onClick={() => setOpen(!open)}
          >
            {open ? 'Hide attribution' : 'Show attribution'}
          </button>
        )}
      </div>
      <div id={panelId} className="exchange-panel">
        {open && receiptHash !== undefined && (
          <>
            {view.error && view.data === undefined && <Failure error={view.error} />}
            {attribution === undefined && !view.error && (
              <div className="card loading" role="status">
                Looking for who shaped this answer…
              </div>
            )}
            {attribution !== undefined && view.data !== undefined && (
              <AttributionPanel
                view={view.data}
                attribution={attribution}
                sources={sources}
                exchange={exchange}
                selected={selected}
                onSelect={setSelected}
              />
            )}
          </>
        )}
      </div>
    </article>
  );
}
