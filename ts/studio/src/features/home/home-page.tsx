import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useNetwork } from '../../app/network-context.tsx';
import { Open } from '../../app/parts.tsx';
import { Link } from '../../app/router.tsx';
import { formatCount } from '../../lib/amounts.ts';
import { listClaims, listDatanets, listPaid, listRegistered } from '../../lib/indexer.ts';

/** Where one begins: what this is, and one way in for each role. */
export function HomePage() {
  const { indexerUrl } = useNetwork();
  const options = { refetchInterval: 5_000 };
  const datanets = useQuery({
    queryKey: ['datanets', indexerUrl],
    queryFn: () => listDatanets(indexerUrl),
    ...options,
  });
  const adapters = useQuery({
    queryKey: ['registered', indexerUrl],
    queryFn: () => listRegistered(indexerUrl),
    ...options,
  });
  const paid = useQuery({ queryKey: ['paid', indexerUrl], queryFn: () => listPaid(indexerUrl), ...options });
  const claims = useQuery({
    queryKey: ['claims', indexerUrl],
    queryFn: () => listClaims(indexerUrl),
    ...options,
  });
  const rows = datanets.data?.reduce((sum, { rows: count }) => sum + count, 0);
  const contributions = datanets.data?.reduce((sum, { accepted }) => sum + accepted, 0);
  const total = paid.data?.reduce((sum, { amount }) => sum + amount, 0n);
  const rejected = claims.data?.claims.filter(({ status }) => status === 'rejected');
  const settled = claims.data?.claims
    .filter(({ status }) => status === 'proposed' || status === 'final')
    .reduce((sum, { receiptCount }) => sum + receiptCount, 0);
  return (
    <div className="page home">
      <header className="hero">
        <h1>AI that pays its sources</h1>
        <p>
          People contribute data. Models learn from it. Every answer says whose data shaped it, and part of
          its fee goes there. You can check each step in this browser.
        </p>
      </header>
      <ul className="cards roles">
        <Role
          to="/chat"
          verb="Use"
          title="Ask a question"
          text="See which contributions shaped the answer, word by word, and what each of them earned."
        />
        <Role
          to="/train"
          verb="Build"
          title="Train an adapter"
          text="Choose datanets, press start, watch it learn, publish it with its whole history."
        />
        <Role
          to="/payouts"
          verb="Contribute"
          title="See what data earns"
          text="Every contribution with what it has earned and been paid, and the claims behind each amount."
        />
      </ul>
      <section aria-labelledby="flow">
        <h2 id="flow">On this network so far</h2>
        <ol className="flow">
          <Step
            value={count(contributions)}
            label="contributions"
            note={rows && `${formatCount(rows)} rows`}
          />
          <Step
            value={count(adapters.data?.filter(({ kind }) => kind === 'adapter').length)}
            label="adapters trained on them"
          />
          <Step value={count(settled)} label="answers settled" />
          <Step
            value={count(claims.data?.claims.length)}
            label="claims"
            note={rejected && rejected.length > 0 && `${rejected.length} proven false`}
          />
          <Step value={total === undefined ? '…' : <Open wei={total} digits={4} />} label="paid out" />
        </ol>
      </section>
    </div>
  );
}

const count = (value: number | undefined) => (value === undefined ? '…' : formatCount(value));

function Role(props: { to: string; verb: string; title: string; text: string }) {
  return (
    <li>
      <Link to={props.to} className="card link">
        <span className="role">{props.verb}</span>
        <h2>{props.title}</h2>
        <p>{props.text}</p>
      </Link>
    </li>
  );
}

function Step({ value, label, note }: { value: ReactNode; label: string; note?: ReactNode }) {
  return (
    <li>
      <b>{value}</b>
      <span>{label}</span>
      {note && <small>{note}</small>}
    </li>
  );
}
