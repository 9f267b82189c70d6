import { useQuery } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { Result } from '../../app/parts.tsx';
import { Link } from '../../app/router.tsx';
import { formatCount } from '../../lib/amounts.ts';
import { listDatanets } from '../../lib/indexer.ts';

/** All datanets: what they are about, under which licence, and how much is in them. */
export function DatanetsPage() {
  const { indexerUrl } = useNetwork();
  const datanets = useQuery({
    queryKey: ['datanets', indexerUrl],
    queryFn: () => listDatanets(indexerUrl),
    refetchInterval: 3_000,
  });
  return (
    <div className="page">
      <header className="page-head">
        <h1>Datanets</h1>
        <p>
          Collections of rows on one subject, each with its licence and its curators. Whoever contributed rows
          is paid when they shape an answer.
        </p>
      </header>
      <Result
        query={datanets}
        isEmpty={(list) => list.length === 0}
        empty={
          <p>No datanet yet. One is created with DatanetRegistry.createDatanet; `npm start` creates three.</p>
        }
      >
        {(list) => (
          <ul className="cards" data-testid="datanets">
            {list.map((datanet) => (
              <li key={datanet.id}>
                <Link to={`/datanets/${datanet.id}`} className="card link">
                  <h2>{datanet.name}</h2>
                  <p>{datanet.subject}</p>
                  <dl className="facts">
                    <div>
                      <dt>contributions</dt>
                      <dd>{formatCount(datanet.accepted)}</dd>
                    </div>
                    <div>
                      <dt>rows</dt>
                      <dd>{formatCount(datanet.rows)}</dd>
                    </div>
                    <div>
                      <dt>licence</dt>
                      <dd>{datanet.licences.join(', ')}</dd>
                    </div>
                  </dl>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Result>
    </div>
  );
}
