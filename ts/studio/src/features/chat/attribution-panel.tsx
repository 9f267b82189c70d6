import { useReadProtocolParametersParameters } from '@openledger/sdk/react';
import { useQuery } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { Badge, Hash, Open } from '../../app/parts.tsx';
import { listDatanets } from '../../lib/indexer.ts';
import type { Attribution, ReceiptView } from '../../lib/receipts.ts';
import { coverage } from '../../lib/spans.ts';
import { type Source, splitFee } from './attribution.ts';
import type { Exchange } from './channel-store.ts';
import { FeeBar } from './fee-bar.tsx';
import { SourceCard } from './source-card.tsx';
import { Verify } from './verify-button.tsx';

const STATUS = {
  unsigned: { tone: 'warn', text: 'being paid' },
  signed: { tone: 'plain', text: 'paid by voucher' },
  redeemed: { tone: 'plain', text: 'redeemed' },
  claimed: { tone: 'warn', text: 'in an open claim' },
  final: { tone: 'good', text: 'final' },
} as const;

/** Who shaped an answer, what each earns, where the fee goes, and a way to check all of it. */
export function AttributionPanel({
  view,
  attribution,
  sources,
  exchange,
  selected,
  onSelect,
}: {
  view: ReceiptView;
  attribution: Attribution;
  sources: readonly Source[];
  exchange: Exchange;
  selected: number | undefined;
  onSelect: (asset: number | undefined) => void;
}) {
  const { indexerUrl, contracts } = useNetwork();
  const datanets = useQuery({ queryKey: ['datanets', indexerUrl], queryFn: () => listDatanets(indexerUrl) });
  const parameters = useReadProtocolParametersParameters({
    address: contracts.ProtocolParameters,
    args: [attribution.paramsVersion],
  });
  const { fee } = view.receipt;
  const status = STATUS[view.status];
  const covered = Math.round(coverage(exchange.answer, attribution.spans) * 100);
  return (
    <section className="panel card" aria-label="Attribution" data-testid="attribution">
      <div className="card-head">
        <h2>Who shaped this answer</h2>
        <Badge tone={status.tone}>{status.text}</Badge>
      </div>
      {fee === 0n && <p className="soft">This answer was free, so there is nothing to share.</p>}
      {sources.length === 0 && fee > 0n && (
        <p className="soft">
          No contribution stands out. The contributors’ part goes to all data of the model.
        </p>
      )}
      {sources.length > 0 && (
        <>
          <p className="soft">
            {covered > 0
              ? `${covered} % of it repeats contributed text. Choose a contribution to see where.`
              : 'None of it repeats contributed text; these contributions influenced it.'}
          </p>
          <ul className="sources">
            {sources.map((source) => (
              <SourceCard
                key={source.asset}
                source={source}
                datanetName={datanets.data?.find(({ id }) => id === source.contribution?.datanet)?.name}
                selected={selected === source.asset}
                onSelect={() => onSelect(selected === source.asset ? undefined : source.asset)}
              />
            ))}
          </ul>
          {selected !== undefined && sources.length > 1 && (
            <button type="button" className="quiet small" onClick={() => onSelect(undefined)}>
              Show all contributions
            </button>
          )}
        </>
      )}
      {fee > 0n && (
        <div className="panel-part">
          <h3>
            Fee <Open wei={fee} digits={9} />
          </h3>
          {parameters.data !== undefined && (
            <FeeBar fee={fee} parts={splitFee(fee, parameters.data, attribution.items)} />
          )}
          {!attribution.settled && (
            <p className="hint">By the parameters in force now; fixed when it is redeemed.</p>
          )}
        </div>
      )}
      <div className="panel-part receipt-line">
        <h3>
          Receipt <Hash value={view.hash} />
        </h3>
        <Verify view={view} exchange={exchange} />
      </div>
      <details className="about">
        <summary>What this means</summary>
        <p className="hint">
          A match is a passage that answer and contribution share byte for byte. Influence compares how the
          contribution pulled on the model in training with how this answer does. Neither is a citation that
          the model looked up.
        </p>
      </details>
    </section>
  );
}
