import { useQuery } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { Result } from '../../app/parts.tsx';
import { blobUrl, loadBlob } from '../../lib/content.ts';
import type { Job } from '../../lib/jobs.ts';
import { describeManifest } from './manifest.ts';

/** The settings of a run, from its manifest: the file whose hash is the run's id. */
export function RunSettings({ job }: { job: Job }) {
  const { nodeUrl } = useNetwork();
  const { runId } = job.openRun;
  const settings = useQuery({
    queryKey: ['manifest', nodeUrl, runId],
    queryFn: async () => describeManifest(await loadBlob(nodeUrl, runId)),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <section className="card" aria-labelledby="settings">
      <h2 id="settings">Settings</h2>
      <Result query={settings}>
        {(list) => (
          <dl className="pairs">
            {list.map(({ label, value }) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </Result>
      <p className="hint">
        With the <a href={blobUrl(nodeUrl, runId)}>manifest</a> and the same rows, anyone gets the same
        adapter, bit for bit.
      </p>
    </section>
  );
}
