import { attributionSettlementAbi, baselineVaultAbi } from '@openledger/sdk/abis';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { AccountName, Failure, Figure, Open, Result } from '../../app/parts.tsx';
import { useDevnetConnect, useWallet } from '../../app/wallet.ts';
import { assetName, contributionOf, modelOf } from '../../lib/assets.ts';
import { listContributions, listDatanets, listRegistered } from '../../lib/indexer.ts';
import type { PayoutList } from '../../lib/payouts.ts';
import type { Earnings } from './earnings.ts';
import { useEarnings } from './use-earnings.ts';

/** What each contribution and model has earned, and a button that sends it to its owner. */
export function EarningsTable() {
  const earnings = useEarnings();
  return (
    <section aria-labelledby="earnings">
      <h2 id="earnings">Earnings</h2>
      <Result
        query={earnings}
        isEmpty={(data) => data.earnings.length === 0}
        empty={<p>Nothing was earned yet. Ask a question in the chat: its fee is shared here.</p>}
      >
        {({ list, earnings: lines }) => (
          <>
            <Totals lines={lines} />
            <div className="table-wrap">
              <table className="data" data-testid="earnings">
                <thead>
                  <tr>
                    <th scope="col">What</th>
                    <th scope="col">Owner</th>
                    <th scope="col" className="right">
                      Accrued
                    </th>
                    <th scope="col" className="right">
                      In an open claim
                    </th>
                    <th scope="col" className="right">
                      Final
                    </th>
                    <th scope="col" className="right">
                      Paid
                    </th>
                    <th scope="col">
                      <span className="sr">Claim</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {lines.map((line) => (
                    <EarningsRow key={line.asset} line={line} list={list} />
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </Result>
    </section>
  );
}

function Totals({ lines }: { lines: readonly Earnings[] }) {
  const sum = (key: 'accrued' | 'open' | 'final' | 'paid') =>
    lines.reduce((total, line) => total + line[key], 0n);
  return (
    <dl className="figures card">
      <Figure label="accrued, not claimed yet">
        <Open wei={sum('accrued')} />
      </Figure>
      <Figure label="in an open claim">
        <Open wei={sum('open')} />
      </Figure>
      <Figure label="final">
        <Open wei={sum('final')} />
      </Figure>
      <Figure label="paid">
        <Open wei={sum('paid')} />
      </Figure>
    </dl>
  );
}

function EarningsRow({ line, list }: { line: Earnings; list: PayoutList }) {
  const { indexerUrl } = useNetwork();
  const contributions = useQuery({
    queryKey: ['contributions', indexerUrl],
    queryFn: () => listContributions(indexerUrl),
  });
  const datanets = useQuery({ queryKey: ['datanets', indexerUrl], queryFn: () => listDatanets(indexerUrl) });
  const adapters = useQuery({
    queryKey: ['registered', indexerUrl],
    queryFn: () => listRegistered(indexerUrl),
  });
  const contribution = contributions.data?.find(({ id }) => id === contributionOf(line.asset));
  const owner = contribution?.owner ?? adapters.data?.find(({ id }) => id === modelOf(line.asset))?.owner;
  const datanet = datanets.data?.find(({ id }) => id === contribution?.datanetId);
  return (
    <tr>
      <th scope="row" data-label="What">
        {assetName(line.asset)}
        {datanet !== undefined && <small>{datanet.name}</small>}
      </th>
      <td data-label="Owner">
        {owner === undefined ? (
          <span className="soft">shared by its contributions</span>
        ) : (
          <AccountName address={owner} />
        )}
      </td>
      <td data-label="Accrued" data-zero={line.accrued === 0n || undefined} className="right">
        <Open wei={line.accrued} unit={false} />
      </td>
      <td data-label="In an open claim" data-zero={line.open === 0n || undefined} className="right">
        <Open wei={line.open} unit={false} />
      </td>
      <td data-label="Final" data-zero={line.final === 0n || undefined} className="right">
        <Open wei={line.final} unit={false} />
      </td>
      <td data-label="Paid" data-zero={line.paid === 0n || undefined} className="right strong">
        <Open wei={line.paid} unit={false} />
      </td>
      <td data-label="">
        <ClaimButton line={line} list={list} />
      </td>
    </tr>
  );
}

function ClaimButton({ line, list }: { line: Earnings; list: PayoutList }) {
  const { contracts } = useNetwork();
  const { wallet, publicClient, address } = useWallet();
  const connect = useDevnetConnect(12);
  const queries = useQueryClient();
  const shares = list.baselines.filter(({ asset, payable }) => asset === line.asset && payable > 0n);
  const payout = list.payouts.find(({ asset, payable }) => asset === line.asset && payable > 0n);

  const claim = useMutation({
    mutationFn: async () => {
      if (wallet === undefined) throw new Error('Connect an account first.');
      const { account } = wallet;
      if (payout !== undefined && list.finalClaim !== null) {
        const { request } = await publicClient.simulateContract({
          address: contracts.AttributionSettlement,
          abi: attributionSettlementAbi,
          functionName: 'claim',
          args: [payout.payout, list.finalClaim],
          account,
        });
        await publicClient.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
      }
      for (const { modelId, asset, parts, proof } of shares) {
        const { request } = await publicClient.simulateContract({
          address: contracts.BaselineVault,
          abi: baselineVaultAbi,
          functionName: 'take',
          args: [modelId, asset, parts, proof],
          account,
        });
        await publicClient.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
      }
    },
    onSettled: () => queries.invalidateQueries(),
  });

  if (line.payable === 0n) return null;
  const label = `Send ${assetName(line.asset)} its payout`;
  return (
    <>
      <button
        type="button"
        className="small"
        aria-label={label}
        title={`${label}. Anyone may: it always goes to the owner.`}
        disabled={claim.isPending}
        onClick={() => (address === undefined && connect ? connect() : claim.mutate())}
      >
        {claim.isPending ? 'Sending…' : address === undefined ? 'Connect to claim' : 'Claim'}
      </button>
      {claim.error && <Failure error={claim.error} />}
    </>
  );
}
