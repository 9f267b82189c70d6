import { useQuery } from '@tanstack/react-query';
import { useNetwork } from '../../app/network-context.tsx';
import { Badge, Result, Time } from '../../app/parts.tsx';
import { Link } from '../../app/router.tsx';
import { formatCount } from '../../lib/amounts.ts';
import { type Job, listJobs } from '../../lib/jobs.ts';
import { NewRun } from './new-run.tsx';

/** Start a run, and all runs of this node. */
export function TrainPage() {
  const { nodeUrl } = useNetwork();
  const jobs = useQuery({
    queryKey: ['jobs', nodeUrl],
    queryFn: () => listJobs(nodeUrl),
    refetchInterval: 2_000,
  });
  return (
    <div className="page">
      <header className="page-head">
        <h1>Train an adapter</h1>
        <p>
          Choose the data, give it a name, start. The run belongs to the node: close this page and come back
          whenever you like.
        </p>
      </header>
      <div className="split">
        <NewRun />
        <section aria-labelledby="runs">
          <h2 id="runs">Runs</h2>
          <Result
            query={jobs}
            isEmpty={(list) => list.length === 0}
            empty={<p>No run yet. The first one is yours.</p>}
          >
            {(list) => (
              <ul className="stack">
                {list.map((job) => (
                  <li key={job.id}>
                    <RunRow job={job} />
                  </li>
                ))}
              </ul>
            )}
          </Result>
        </section>
      </div>
    </div>
  );
}

/** What a job's status is called, and how it is meant. */
export const JOB_STATUS = {
  queued: { tone: 'plain', text: 'waiting' },
  running: { tone: 'warn', text: 'training' },
  paused: { tone: 'plain', text: 'paused' },
  attributing: { tone: 'warn', text: 'preparing attribution' },
  succeeded: { tone: 'good', text: 'trained' },
  failed: { tone: 'bad', text: 'failed' },
  cancelled: { tone: 'plain', text: 'cancelled' },
} as const;

function RunRow({ job }: { job: Job }) {
  const status = JOB_STATUS[job.status];
  return (
    <Link to={`/train/${job.id}`} className="card link compact">
      <div className="card-head">
        <h3>{job.name}</h3>
        <Badge tone={status.tone}>{status.text}</Badge>
      </div>
      <p className="soft">
        {formatCount(job.rows)} rows · step {formatCount(job.step)} of {formatCount(job.totalSteps)}
        {job.loss !== null && ` · loss ${job.loss.toFixed(3)}`} · <Time seconds={job.created_at} />
      </p>
      <progress max={job.totalSteps} value={job.step} aria-label={`Progress of ${job.name}`} />
    </Link>
  );
}
