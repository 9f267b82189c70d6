import { useQuery } from '@tanstack/react-query';
import { useBlockNumber } from 'wagmi';
import { formatCount } from '../lib/amounts.ts';
import { useNetwork } from './network-context.tsx';

/** Three dots: the chain, the indexer and the node. Each says in words what it means. */
export function Health() {
  const network = useNetwork();
  const block = useBlockNumber({ query: { refetchInterval: 2_000 } });
  const indexer = useAnswers('indexer', `${network.indexerUrl}/ready`);
  const node = useAnswers('node', `${network.nodeUrl}/health`);
  const states = [
    {
      name: 'Chain',
      ok: block.isPending ? undefined : !block.isError,
      text:
        block.data === undefined
          ? `no answer at ${network.rpcUrl}`
          : `block ${formatCount(Number(block.data))}`,
    },
    { name: 'Indexer', ok: indexer, text: indexer ? 'in step with the chain' : 'not ready' },
    { name: 'Node', ok: node, text: node ? 'answers' : `no answer at ${network.nodeUrl}` },
  ];
  return (
    <ul className="health" aria-label="What is running">
      {states.map(({ name, ok, text }) => (
        <li key={name} data-ok={ok ?? 'unknown'} title={`${name}: ${ok === undefined ? 'asking' : text}`}>
          <span className="sr">
            {name}: {ok === undefined ? 'asking' : text}
          </span>
        </li>
      ))}
    </ul>
  );
}

function useAnswers(name: string, url: string): boolean | undefined {
  return useQuery({
    queryKey: ['health', name, url],
    queryFn: ({ signal }) =>
      fetch(url, { signal })
        .then((response) => response.ok)
        .catch(() => false),
    refetchInterval: 5_000,
  }).data;
}
