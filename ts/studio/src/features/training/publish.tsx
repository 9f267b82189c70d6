import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNetwork } from '../../app/network-context.tsx';
import { Failure } from '../../app/parts.tsx';
import { Link } from '../../app/router.tsx';
import { useDevnetConnect, useWallet } from '../../app/wallet.ts';
import { parseOpen } from '../../lib/amounts.ts';
import { listRegistered } from '../../lib/indexer.ts';
import type { Job } from '../../lib/jobs.ts';
import { type PublishChoices, publishSteps, runPublication } from './publication.ts';

const FIELDS = [
  { key: 'baseFee', label: 'Per call', preset: '0.001' },
  { key: 'inputPer1k', label: 'Per 1000 tokens read', preset: '0.002' },
  { key: 'outputPer1k', label: 'Per 1000 tokens written', preset: '0.01' },
  { key: 'activation', label: 'For loading the adapter', preset: '0.0005' },
] as const;

/** Publishes a trained adapter: the run's anchors and the adapter's terms, signed by the builder. */
export function Publish({ job }: { job: Job }) {
  const network = useNetwork();
  const { wallet, publicClient, address } = useWallet();
  const connectBuilder = useDevnetConnect(11);
  const queries = useQueryClient();
  const adapters = useQuery({
    queryKey: ['registered', network.indexerUrl],
    queryFn: () => listRegistered(network.indexerUrl),
    refetchInterval: 3_000,
  });
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [royalty, setRoyalty] = useState('10');
  const [done, setDone] = useState<readonly string[]>([]);
  const published = adapters.data?.find(({ runId }) => runId === job.openRun.runId);

  const amounts = FIELDS.map(({ key, preset }) => [key, parseOpen(typed[key] ?? preset)] as const);
  const percent = Number(royalty.replace(',', '.'));
  const royaltyFits = Number.isFinite(percent) && percent >= 0 && percent <= 50;
  const priced = amounts.every(([, wei]) => wei !== undefined && wei % 10n ** 9n === 0n);

  const publish = useMutation({
    mutationFn: async () => {
      if (wallet === undefined) throw new Error('Connect the builder’s account first.');
      const choices: PublishChoices = {
        royaltyBps: Math.round(percent * 100),
        prices: Object.fromEntries(amounts) as PublishChoices['prices'],
      };
      setDone([]);
      for await (const step of runPublication({ network, job, choices, wallet, publicClient })) {
        setDone((before) => [...before, step]);
      }
    },
    onSettled: () => queries.invalidateQueries(),
  });

  if (published !== undefined) {
    return (
      <section className="card" aria-labelledby="publish">
        <h2 id="publish">Published</h2>
        <p>
          This adapter is model <b>ol-{published.id}</b>. Anybody can use it now, and its owner and
          contributors are paid for each answer.
        </p>
        <Link className="button primary" to={`/chat?model=ol-${published.id}`}>
          Chat with it
        </Link>
      </section>
    );
  }
  if (job.result === null) {
    return (
      <section className="card" aria-labelledby="publish">
        <h2 id="publish">Publish</h2>
        <p className="soft">When the run is done you can publish the adapter here and set its prices.</p>
      </section>
    );
  }
  const steps = publishSteps(job);
  return (
    <section className="card form" aria-labelledby="publish">
      <h2 id="publish">Publish</h2>
      <p>
        Puts the run and its {job.result.anchors.length} checkpoints on chain and registers the adapter with
        its commitments. You keep the model share of each fee.
      </p>
      <div className="grid-fields">
        {FIELDS.map(({ key, label, preset }) => (
          <label key={key} className="field">
            <span>{label}</span>
            <span className="with-unit">
              <input
                type="text"
                inputMode="decimal"
                value={typed[key] ?? preset}
                onChange={(event) => setTyped({ ...typed, [key]: event.target.value })}
              />
              <span>OPEN</span>
            </span>
          </label>
        ))}
        <label className="field">
          <span>Royalty to the base model</span>
          <span className="with-unit">
            <input
              type="text"
              inputMode="decimal"
              value={royalty}
              onChange={(event) => setRoyalty(event.target.value)}
            />
            <span>% of your share</span>
          </span>
        </label>
      </div>
      {!priced && <p className="hint">Prices are amounts of OPEN with at most nine decimals.</p>}
      {!royaltyFits && <p className="hint">The royalty is between 0 and 50 %.</p>}
      {(publish.isPending || publish.isError) && (
        <ol className="timeline">
          {steps.map((step, index) => (
            <li key={step} data-done={index < done.length}>
              {step}
            </li>
          ))}
        </ol>
      )}
      {publish.error && <Failure error={publish.error} />}
      <div className="form-end">
        {address === undefined ? (
          <>
            {connectBuilder && (
              <button type="button" className="primary" onClick={() => connectBuilder()}>
                Use the devnet’s builder
              </button>
            )}
            <span className="hint">Publishing needs an account. Connect one above.</span>
          </>
        ) : (
          <button
            type="button"
            className="primary"
            disabled={!priced || !royaltyFits || publish.isPending || wallet === undefined}
            onClick={() => publish.mutate()}
          >
            {publish.isPending ? `Publishing… ${done.length} of ${steps.length}` : 'Publish on chain'}
          </button>
        )}
      </div>
    </section>
  );
}
