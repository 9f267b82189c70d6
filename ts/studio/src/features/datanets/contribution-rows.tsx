import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNetwork } from '../../app/network-context.tsx';
import { Result } from '../../app/parts.tsx';
import { loadUri, readRows } from '../../lib/content.ts';
import type { Contribution } from '../../lib/indexer.ts';

const PAGE = 20;

/** The rows of a contribution, from the content store and checked against its id. */
export function ContributionRows({ contribution }: { contribution: Contribution }) {
  const { nodeUrl } = useNetwork();
  const [shown, setShown] = useState(PAGE);
  const rows = useQuery({
    queryKey: ['rows', nodeUrl, contribution.uri],
    queryFn: async () => readRows(await loadUri(nodeUrl, contribution.uri)),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Result query={rows}>
      {(list) => (
        <>
          <ol className="rows">
            {list.slice(0, shown).map(({ row, question, answer }) => (
              <li key={row}>
                {question !== '' && <b>{question}</b>}
                <span>{answer}</span>
              </li>
            ))}
          </ol>
          {shown < list.length && (
            <button type="button" className="quiet" onClick={() => setShown(shown + 5 * PAGE)}>
              Show more ({list.length - shown} left)
            </button>
          )}
        </>
      )}
    </Result>
  );
}
