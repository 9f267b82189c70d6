import { useQuery } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { AccountName, Open, Result } from '../../app/parts.tsx';
import { Link } from '../../app/router.tsx';
import { assetName } from '../../lib/assets.ts';
import { loadUri, readRows, rowAt } from '../../lib/content.ts';
import type { AttributionSpan } from '../../lib/receipts.ts';
import { excerpt } from '../../lib/spans.ts';
import { COLOURS, type Source } from './attribution.ts';

/** A contribution in the attribution panel: how much it mattered, what it earns, and, once chosen, the source itself. */
export function SourceCard({
  source,
  datanetName,
  selected,
  onSelect,
}: {
  source: Source;
  datanetName: string | undefined;
  selected: boolean;
  onSelect: () => void;
}) {
  const { contribution, influence, covered, amount, spans } = source;
  const percent = influence === undefined ? undefined : Math.round(influence * 100);
  return (
    <li
      className="source"
      data-colour={Math.min(source.rank, COLOURS - 1)}
      data-selected={selected || undefined}
    >
      <button type="button" className="source-head" aria-expanded={selected} onClick={onSelect}>
        <span className="source-name">
          <b>{assetName(source.asset)}</b>
          {datanetName !== undefined && <small>{datanetName}</small>}
        </span>
        <span className="source-amount">
          {amount > 0n ? <Open wei={amount} /> : <small>below the threshold</small>}
        </span>
        <span className="bars">
          <Bar
            label="influence"
            part={influence}
            text={percent === undefined ? 'not listed' : `${percent} %`}
          />
          <Bar
            label="match"
            part={spans.length === 0 ? undefined : covered}
            text={spans.length === 0 ? 'none' : `${Math.max(...spans.map(({ len }) => len))} bytes`}
          />
        </span>
      </button>
      {selected && contribution !== null && (
        <div className="source-body">
          <p className="soft">
            by <AccountName address={contribution.contributor} /> · {contribution.licence} ·{' '}
            <Link to={`/datanets/${contribution.datanet}`}>open in datanet</Link>
          </p>
          {spans.length === 0 ? (
            <p className="soft">
              No passage is repeated word for word. Its gradient points the same way as this answer’s.
            </p>
          ) : (
            spans.map((span) => (
              <SourceRow key={`${span.outOff}-${span.srcOff}`} span={span} uri={contribution.uri} />
            ))
          )}
        </div>
      )}
    </li>
  );
}

function Bar({ label, part, text }: { label: string; part: number | undefined; text: string }) {
  return (
    <span className="bar-line" data-none={part === undefined || undefined}>
      <span className="bar-label">{label}</span>
      <span className="bar-track" aria-hidden="true">
        <span style={{ width: `${Math.max(part === undefined ? 0 : 2, (part ?? 0) * 100)}%` }} />
      </span>
      <span className="bar-text">{text}</span>
    </span>
  );
}

/** The row of the contribution in which a match lies, with the match marked. */
function SourceRow({ span, uri }: { span: AttributionSpan; uri: string }) {
  const { nodeUrl } = useNetwork();
  const bytes = useQuery({
    queryKey: ['content', nodeUrl, uri],
    queryFn: () => loadUri(nodeUrl, uri),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Result query={bytes}>
      {(content) => {
        const row = rowAt(readRows(content), span.srcOff);
        const { before, match, after } = excerpt(content, span.srcOff, span.len, 90);
        return (
          <figure className="source-row">
            <figcaption>
              {row === undefined ? 'source' : `row ${row.row + 1}`}
              {!span.paid && ' · too short to be paid'}
            </figcaption>
            <blockquote>
              {lastLines(before)}
              <mark>{match}</mark>
              {firstLine(after)}
            </blockquote>
          </figure>
        );
      }}
    </Result>
  );
}

/** Of what is before a match, only its own row. */
function lastLines(text: string): string {
  return text.slice(text.lastIndexOf('\n\n') + 1).trimStart();
}

/** Of what is after a match, only its own line. */
function firstLine(text: string): string {
  return text.split('\n')[0]!;
}
