import { useQuery } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { Open } from '../../app/parts.tsx';
import { Link } from '../../app/router.tsx';
import { formatCount } from '../../lib/amounts.ts';
import { listAdapters, listDatanets, listPaid } from '../../lib/indexer.ts';

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
    queryKey: ['adapters', indexerUrl],
    queryFn: () => listAdapters(indexerUrl),
    ...options,
  });
  const paid = useQuery({ queryKey: ['paid', indexerUrl], queryFn: () => listPaid(indexerUrl), ...options });
  const rows = datanets.data?.reduce((sum, { rows: count }) => sum + count, 0);
  const total = paid.data?.reduce((sum, { amount }) => sum + amount, 0n);
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
        <li>
          <Link to="/chat" className="card link">
            <span className="role">Use</span>
            <h2>Ask a question</h2>
            <p>See which contributions shaped the answer, word by word, and what each of them earned.</p>
            <span className="go">
              {adapters.data === undefined ? '…' : `${formatCount(adapters.data.length)} adapters to ask`}
            </span>
          </Link>
        </li>
        <li>
          <Link to="/train" className="card link">
            <span className="role">Build</span>
            <h2>Train an adapter</h2>
            <p>Choose datanets, press start, watch it learn, publish it with its whole history.</p>
            <span className="go">{rows === undefined ? '…' : `${formatCount(rows)} rows to learn from`}</span>
          </Link>
        </li>
        <li>
          <Link to="/payouts" className="card link">
            <span className="role">Contribute</span>
            <h2>See what data earns</h2>
            <p>
              Every contribution with what it has earned and been paid, and the claims behind each amount.
            </p>
            <span className="go">{total === undefined ? '…' : <Open wei={total} />} paid so far</span>
          </Link>
        </li>
      </ul>
    </div>
  );
}
