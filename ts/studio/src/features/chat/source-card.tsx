import { useQuery } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { AccountName, Open, Result } from '../../app/parts.tsx';
import { Link } from '../../app/router.tsx';
import { assetName } from '../../lib/assets.ts';
import { loadUri, readRows, type TextRow } from '../../lib/content.ts';
import type { AttributionSpan } from '../../lib/receipts.ts';
import { cutAtSpans } from '../../lib/spans.ts';
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
            <SourceRows spans={spans} uri={contribution.uri} />
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

/** The rows of the contribution in which its matches lie, with the matches marked. */
function SourceRows({ spans, uri }: { spans: readonly AttributionSpan[]; uri: string }) {
  const { nodeUrl } = useNetwork();
  const rows = useQuery({
    queryKey: ['rows', nodeUrl, uri],
    queryFn: async () => readRows(await loadUri(nodeUrl, uri)),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Result query={rows}>
      {(list) =>
        matchedRows(list, spans).map(({ row, matches }) => (
          <figure key={row.row} className="source-row">
            <figcaption>
              row {row.row + 1}
              {matches.every(({ paid }) => !paid) && ' · too short to be paid'}
            </figcaption>
            <blockquote>
              {cutAtSpans(rowText(row), matches).map(({ start, text, spans: covering }) =>
                covering.length === 0 ? (
                  <span key={start}>{text}</span>
                ) : (
                  <mark key={start} data-paid={covering.some((index) => matches[index]!.paid) || undefined}>
                    {text}
                  </mark>
                ),
              )}
            </blockquote>
          </figure>
        ))
      }
    </Result>
  );
}

/** Rows with the matches in them, placed relative to the row. A match may run from one row into the next. */
function matchedRows(rows: readonly TextRow[], spans: readonly AttributionSpan[]) {
  return rows.flatMap((row) => {
    const matches = spans
      .filter(({ srcOff, len }) => srcOff < row.byteOffset + row.byteLength && srcOff + len > row.byteOffset)
      .map(({ srcOff, len, paid }) => {
        const start = Math.max(srcOff, row.byteOffset);
        const end = Math.min(srcOff + len, row.byteOffset + row.byteLength);
        return { outOff: start - row.byteOffset, len: end - start, paid };
      });
    return matches.length === 0 ? [] : [{ row, matches }];
  });
}

function rowText({ question, answer }: TextRow): string {
  return question === '' ? answer : `${question}\n${answer}`;
}
