import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useConnection } from 'wagmi';
import { useNetwork } from '../../app/network-context.tsx';
import { Failure, Result } from '../../app/parts.tsx';
import { navigate } from '../../app/router.tsx';
import { formatCount } from '../../lib/amounts.ts';
import { listDatanets } from '../../lib/indexer.ts';
import { createJob } from '../../lib/jobs.ts';
import { readSettings, SETTINGS } from './settings.ts';

/** The form that starts a run: data, a name, and settings that nobody has to open. */
export function NewRun() {
  const { indexerUrl, nodeUrl } = useNetwork();
  const queries = useQueryClient();
  const { address: trainer } = useConnection();
  const datanets = useQuery({
    queryKey: ['datanets', indexerUrl],
    queryFn: () => listDatanets(indexerUrl),
    refetchInterval: 5_000,
  });
  const [chosen, setChosen] = useState<readonly number[]>([]);
  const [name, setName] = useState('');
  const [typed, setTyped] = useState<Record<string, string>>({});
  const { settings, problems } = readSettings(typed);

  const start = useMutation({
    mutationFn: () => createJob(nodeUrl, { name: name.trim(), datanets: [...chosen], trainer, settings }),
    onSuccess: (job) => {
      queries.invalidateQueries({ queryKey: ['jobs'] });
      navigate(`/train/${job.id}`);
    },
  });

  const missing = [
    ...(chosen.length === 0 ? ['choose at least one datanet'] : []),
    ...(name.trim() === '' ? ['give the adapter a name'] : []),
    ...problems,
  ];
  const toggle = (id: number) =>
    setChosen(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (missing.length === 0) start.mutate();
  };

  return (
    <form className="card form" onSubmit={submit} aria-label="New run">
      <fieldset className="plain">
        <legend>Data</legend>
        <Result
          query={datanets}
          isEmpty={(list) => list.length === 0}
          empty={<p>There is no datanet to learn from.</p>}
        >
          {(list) => (
            <div className="choices">
              {list.map((datanet) => (
                <label key={datanet.id} className="choice">
                  <input
                    type="checkbox"
                    checked={chosen.includes(datanet.id)}
                    disabled={datanet.rows === 0}
                    onChange={() => toggle(datanet.id)}
                  />
                  <span>
                    <b>{datanet.name}</b>
                    <small>
                      {formatCount(datanet.rows)} rows · {datanet.licences.join(', ')}
                    </small>
                  </span>
                </label>
              ))}
            </div>
          )}
        </Result>
      </fieldset>
      <label className="field">
        <span>Name</span>
        <input
          type="text"
          value={name}
          maxLength={100}
          placeholder="e.g. harbour-guide"
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <details className="advanced">
        <summary>Advanced settings</summary>
        <p className="hint">
          Empty fields take the node’s preset, which learns a hundred rows in about a minute.
        </p>
        <div className="grid-fields">
          {SETTINGS.map(({ key, label, hint }) => (
            <label key={key} className="field">
              <span>{label}</span>
              <input
                type="text"
                inputMode="decimal"
                value={typed[key] ?? ''}
                placeholder="preset"
                aria-describedby={`hint-${key}`}
                onChange={(event) => setTyped({ ...typed, [key]: event.target.value })}
              />
              <small id={`hint-${key}`}>{hint}</small>
            </label>
          ))}
        </div>
      </details>
      {start.error && <Failure error={start.error} />}
      <div className="form-end">
        <button type="submit" className="primary" disabled={missing.length > 0 || start.isPending}>
          {start.isPending ? 'Starting…' : 'Start training'}
        </button>
        {missing.length > 0 && <span className="hint">To start: {missing.join(', ')}.</span>}
      </div>
    </form>
  );
}
