import { useQuery } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { AccountName, Hash, Open, Result, Time } from '../../app/parts.tsx';
import { assetName } from '../../lib/assets.ts';
import { listPaid } from '../../lib/indexer.ts';
import { ClaimsTable } from './claims-table.tsx';
import { EarningsTable } from './earnings-table.tsx';

/** Who earned what, what of it is final, and the claims that say so. */
export function PayoutsPage() {
  return (
    <div className="page">
      <header className="page-head">
        <h1>Payouts</h1>
        <p>
          Fees are settled in claims. A claim can be disputed until its window ends; then its amounts are
          final and can be fetched by anyone, always for their owner.
        </p>
      </header>
      <EarningsTable />
      <ClaimsTable />
      <Payments />
    </div>
  );
}

function Payments() {
  const { indexerUrl } = useNetwork();
  const paid = useQuery({
    queryKey: ['paid', indexerUrl],
    queryFn: () => listPaid(indexerUrl),
    refetchInterval: 2_000,
  });
  return (
    <section aria-labelledby="payments">
      <h2 id="payments">Payments made</h2>
      <Result query={paid} isEmpty={(list) => list.length === 0} empty={<p>Nothing was paid yet.</p>}>
        {(list) => (
          <div className="table-wrap">
            <table className="data" data-testid="payments">
              <thead>
                <tr>
                  <th scope="col">What</th>
                  <th scope="col">To</th>
                  <th scope="col" className="right">
                    Amount
                  </th>
                  <th scope="col">When</th>
                  <th scope="col">Transaction</th>
                </tr>
              </thead>
              <tbody>
                {list
                  .slice(0, 50)
                  .map(({ id, kind, nodeId, asset, payee, amount, paidAt, transactionHash }) => (
                    <tr key={id}>
                      <th scope="row" data-label="What">
                        {kind === 'node' ? `Node ${nodeId}` : asset === null ? kind : assetName(asset)}
                      </th>
                      <td data-label="To">
                        <AccountName address={payee} />
                      </td>
                      <td data-label="Amount" className="right">
                        <Open wei={amount} />
                      </td>
                      <td data-label="When">
                        <Time seconds={paidAt} />
                      </td>
                      <td data-label="Transaction">
                        <Hash value={transactionHash} />
                      </td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </div>
        )}
      </Result>
    </section>
  );
}
