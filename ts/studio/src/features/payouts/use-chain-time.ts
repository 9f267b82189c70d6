import { useEffect, useRef, useState } from 'react';
import { useBlock } from 'wagmi';

/**
 * The chain's clock in seconds: what the next block would say. A devnet makes blocks only when somebody sends
 * something and may run ahead of the time here, so it is the newest block's time and what has passed since it was
 * first seen, and never less than the time here.
 */
export function useChainTime(): number {
  const { data: block } = useBlock({ query: { refetchInterval: 3_000 } });
  const seen = useRef({ hash: '', at: 0 });
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  const here = Math.floor(Date.now() / 1000);
  if (block === undefined) return here;
  if (seen.current.hash !== block.hash) seen.current = { hash: block.hash ?? '', at: here };
  return Math.max(here, Number(block.timestamp) + here - seen.current.at);
}
