import { useQuery } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { AccountName, Figure, Hash, Result } from '../../app/parts.tsx';
import { formatCount } from '../../lib/amounts.ts';
import { readRun } from '../../lib/indexer.ts';
import type { Job } from '../../lib/jobs.ts';

/** What of a run is on chain: its opening, each checkpoint, its end. */
export function Anchors({ job }: { job: Job }) {
  const { indexerUrl } = useNetwork();
  const run = useQuery({
    queryKey: ['run', indexerUrl, job.openRun.runId],
    queryFn: () => readRun(indexerUrl, job.openRun.runId),
    refetchInterval: 2_000,
  });
  return (
    <section className="card" aria-labelledby="anchors">
      <h2 id="anchors">On chain</h2>
      <Result query={run}>
        {(found) =>
          found === null ? (
            <p className="soft">
              This run is not on chain yet. It is opened, with all its checkpoints, when you publish the
              adapter.
            </p>
          ) : (
            <ol className="timeline">
              <li data-done="true">
                <b>Run opened</b> by <AccountName address={found.owner} />
              </li>
              {found.checkpoints.map(({ step, checkpointHash }) => (
                <li key={step} data-done="true">
                  <b>Step {formatCount(step)}</b> anchored <Hash value={checkpointHash} />
                </li>
              ))}
              <li data-done={found.adapterHash !== null}>
                {found.adapterHash === null ? (
                  <span className="soft">not finished yet</span>
                ) : (
                  <>
                    <b>Finished</b> with adapter <Hash value={found.adapterHash} />
                  </>
                )}
              </li>
            </ol>
          )
        }
      </Result>
      <dl className="figures small">
        <Figure label="run id">
          <Hash value={job.openRun.runId} />
        </Figure>
        <Figure label="inputs root">
          <Hash value={job.openRun.inputsRoot} />
        </Figure>
      </dl>
    </section>
  );
}
