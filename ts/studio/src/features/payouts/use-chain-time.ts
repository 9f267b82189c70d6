import { useEffect, useState } from 'react';
import { useBlock } from 'wagmi';

/**
 * The chain's clock in seconds. Windows are measured in block time, which on a devnet may differ from the time
 * here; between blocks it goes on with the local clock.
 */
export function useChainTime(): number {
  const { data: block, dataUpdatedAt } = useBlock({ query: { refetchInterval: 3_000 } });
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  if (block === undefined) return Math.floor(Date.now() / 1000);
  const local = Math.floor((Date.now() - dataUpdatedAt) / 1000);
  return Math.max(
    Number(block.timestamp),
    Math.min(Number(block.timestamp) + local, Math.floor(Date.now() / 1000)),
  );
}
