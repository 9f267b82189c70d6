import type { KeyboardEvent } from 'react';
import { assetName } from '../../lib/assets.ts';
import { cutAtSpans } from '../../lib/spans.ts';
import { COLOURS, type Source } from './attribution.ts';

/**
 * An answer with its matches highlighted where the attribution says they are. A match is a toggle: it chooses
 * the contribution it came from.
 */
export function AnswerText({
  text,
  sources,
  selected,
  onSelect,
  panelId,
}: {
  text: string;
  sources: readonly Source[];
  selected: number | undefined;
  onSelect: (asset: number | undefined) => void;
  panelId: string;
}) {
  const shown = sources.filter(({ asset }) => selected === undefined || asset === selected);
  const spans = shown.flatMap((source) => source.spans.map((span) => ({ ...span, source })));
  return (
    <p className="answer">
      {cutAtSpans(text, spans).map((segment) => {
        const found = segment.spans
          .map((index) => spans[index]!)
          .toSorted((a, b) => a.source.rank - b.source.rank);
        const first = found[0];
        if (first === undefined) return <span key={segment.start}>{segment.text}</span>;
        const { source } = first;
        const toggle = () => onSelect(selected === source.asset ? undefined : source.asset);
        const onKeyDown = (event: KeyboardEvent) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          toggle();
        };
        return (
          // biome-ignore lint/a11y/useSemanticElements: a real button would not wrap with the line.
          <span
            key={segment.start}
            role="button"
            tabIndex={0}
            className={first.paid ? 'span paid' : 'span'}
            data-colour={Math.min(source.rank, COLOURS - 1)}
            data-more={found.length > 1 || undefined}
            aria-pressed={selected === source.asset}
            aria-controls={panelId}
            title={found.map((span) => assetName(span.asset)).join(', ')}
            onClick={toggle}
            onKeyDown={onKeyDown}
          >
            {segment.text}
          </span>
        );
      })}
    </p>
  );
}
