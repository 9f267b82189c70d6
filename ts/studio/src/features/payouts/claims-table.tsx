import { contractNames } from '@openledger/sdk/addresses';
import { useQuery } from '@tanstack/react-query';
import { isAddressEqual } from 'viem';
import { useNetwork } from '../../app/network-context.tsx';
import { AccountName, Badge, Hash, Open, Result } from '../../app/parts.tsx';
import { formatSeconds } from '../../lib/amounts.ts';
import { type FraudProof, type IndexedClaim, listClaims } from '../../lib/indexer.ts';
import type { Network } from '../../lib/network.ts';
import { FinalizeButton } from './finalize-button.tsx';
import { useChainTime } from './use-chain-time.ts';

/** Every claim: by which node, over how much, and how it ended; with the proof when it was false. */
export function ClaimsTable() {
  const { indexerUrl } = useNetwork();
  const query = useQuery({
    queryKey: ['claims', indexerUrl],
    queryFn: () => listClaims(indexerUrl),
    refetchInterval: 2_000,
  });
  const now = useChainTime();
  return (
    <section aria-labelledby="claims">
      <h2 id="claims">Claims</h2>
      <Result
        query={query}
        isEmpty={({ claims }) => claims.length === 0}
        empty={<p>No claim yet. The node proposes one when vouchers are waiting.</p>}
      >
        {({ claims, proofs }) => (
          <div className="table-wrap">
            <table className="data" data-testid="claims">
              <thead>
                <tr>
                  <th scope="col">Claim</th>
                  <th scope="col">Node</th>
                  <th scope="col" className="right">
                    Answers
                  </th>
                  <th scope="col" className="right">
                    Fees
                  </th>
                  <th scope="col">State</th>
                  <th scope="col">Id</th>
                </tr>
              </thead>
              <tbody>
                {claims.map((claim) => (
                  <ClaimRow
                    key={claim.id}
                    claim={claim}
                    proof={proofs.find(({ claimId }) => claimId === claim.id)}
                    now={now}
                  />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Result>
    </section>
  );
}

function ClaimRow({
  claim,
  proof,
  now,
}: {
  claim: IndexedClaim;
  proof: FraudProof | undefined;
  now: number;
}) {
  const network = useNetwork();
  return (
    <>
      <tr>
        <th scope="row" data-label="Claim">
          {claim.seq}
        </th>
        <td data-label="Node">{claim.nodeId}</td>
        <td data-label="Answers" className="right num">
          {claim.receiptCount}
        </td>
        <td data-label="Fees" className="right">
          <Open wei={claim.fees} />
        </td>
        <td data-label="State">
          <ClaimState claim={claim} now={now} />
        </td>
        <td data-label="Id">
          <Hash value={claim.id} />
        </td>
      </tr>
      {proof !== undefined && (
        <tr className="aside">
          <td colSpan={6}>
            <b>Fraud proven</b> with the {predicateName(network, proof)} by{' '}
            <AccountName address={proof.rewardTo} />: reward <Open wei={proof.reward} />, burned{' '}
            <Open wei={proof.burned} />. <Hash value={proof.transactionHash} label="transaction" />
          </td>
        </tr>
      )}
    </>
  );
}

function ClaimState({ claim, now }: { claim: IndexedClaim; now: number }) {
  switch (claim.status) {
    case 'rejected':
      return <Badge tone="bad">rejected</Badge>;
    case 'vetoed':
      return <Badge tone="bad">stopped</Badge>;
    case 'final':
      return <Badge tone="good">final</Badge>;
    case 'proposed':
      // Time alone makes a claim final; nothing has to be sent for it.
      return now >= claim.end ? (
        <span className="with-unit">
          <Badge tone="good">window over</Badge>
          <FinalizeButton nodeId={claim.nodeId} />
        </span>
      ) : (
        <Badge tone="warn">open for {formatSeconds(claim.end - now)}</Badge>
      );
  }
}

function predicateName({ contracts }: Network, { predicate }: FraudProof): string {
  const name = contractNames.find((one) => isAddressEqual(contracts[one], predicate));
  return name === undefined
    ? `predicate ${predicate}`
    : `${name.replace('Predicate', '').toLowerCase()} predicate`;
}
