import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNetwork } from '../../app/network-context.tsx';
import { AccountName, Badge, Hash, Result } from '../../app/parts.tsx';
import { Link } from '../../app/router.tsx';
import { formatCount } from '../../lib/amounts.ts';
import { blobUrl } from '../../lib/content.ts';
import { type Contribution, type Datanet, listContributions, listDatanets } from '../../lib/indexer.ts';
import { ContributionRows } from './contribution-rows.tsx';

/** One datanet with everything that was contributed to it. */
export function DatanetPage({ id }: { id: number }) {
  const { indexerUrl } = useNetwork();
  const datanets = useQuery({
    queryKey: ['datanets', indexerUrl],
    queryFn: () => listDatanets(indexerUrl),
    refetchInterval: 3_000,
  });
  const contributions = useQuery({
    queryKey: ['contributions', indexerUrl],
    queryFn: () => listContributions(indexerUrl),
    refetchInterval: 3_000,
  });
  return (
    <div className="page">
      <nav className="crumbs" aria-label="Where this is">
        <Link to="/datanets">Datanets</Link>
      </nav>
      <Result query={datanets}>
        {(list) => {
          const datanet = list.find((one) => one.id === id);
          if (datanet === undefined) return <div className="empty">There is no datanet {id}.</div>;
          return (
            <>
              <Head datanet={datanet} />
              <Result
                query={contributions}
                isEmpty={(all) => !all.some(({ datanetId }) => datanetId === id)}
                empty={<p>Nothing was contributed yet.</p>}
              >
                {(all) => (
                  <ul className="stack" data-testid="contributions">
                    {all
                      .filter(({ datanetId }) => datanetId === id)
                      .map((contribution) => (
                        <ContributionCard key={contribution.id} contribution={contribution} />
                      ))}
                  </ul>
                )}
              </Result>
            </>
          );
        }}
      </Result>
    </div>
  );
}

function Head({ datanet }: { datanet: Datanet }) {
  return (
    <header className="page-head">
      <h1>{datanet.name}</h1>
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
        <div>
          <dt>owner</dt>
          <dd>
            <AccountName address={datanet.owner} />
          </dd>
        </div>
        <div>
          <dt>version</dt>
          <dd>
            <Hash value={datanet.version} />
          </dd>
        </div>
      </dl>
    </header>
  );
}

const STATE_TONE = {
  submitted: 'warn',
  accepted: 'good',
  rejected: 'bad',
  expired: 'plain',
  tombstoned: 'plain',
  duplicate: 'bad',
} as const;

function ContributionCard({ contribution }: { contribution: Contribution }) {
  const { nodeUrl } = useNetwork();
  const [open, setOpen] = useState(false);
  const bodyId = `rows-${contribution.id}`;
  return (
    <li className="card">
      <div className="card-head">
        <h2>Contribution {contribution.id}</h2>
        <Badge tone={STATE_TONE[contribution.state]}>{contribution.state}</Badge>
      </div>
      <dl className="facts">
        <div>
          <dt>owner</dt>
          <dd>
            <AccountName address={contribution.owner} />
          </dd>
        </div>
        <div>
          <dt>rows</dt>
          <dd>{formatCount(contribution.rowCount)}</dd>
        </div>
        <div>
          <dt>licence</dt>
          <dd>{contribution.licence}</dd>
        </div>
        <div>
          <dt>content root</dt>
          <dd>
            <Hash value={contribution.contentRoot} />
          </dd>
        </div>
        <div>
          <dt>file</dt>
          <dd>
            {contribution.blob === undefined ? (
              contribution.uri
            ) : (
              <a href={blobUrl(nodeUrl, contribution.blob)}>{formatCount(contribution.byteLength)} bytes</a>
            )}
          </dd>
        </div>
      </dl>
      <button
        type="button"
        className="quiet"
        aria-expanded={open}
        aria-controls={bodyId}
        onClick={() => setOpen(!open)}
      >
        {open ? 'Hide rows' : 'Show rows'}
      </button>
      <div id={bodyId}>{open && <ContributionRows contribution={contribution} />}</div>
    </li>
  );
}
