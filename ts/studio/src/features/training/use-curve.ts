import { useEffect, useState } from 'react';
import { useNetwork } from '../../app/network-context.tsx';
import { type Anchor, type CurvePoint, followJob } from '../../lib/jobs.ts';

/** The curve of a job so far, and the checkpoints it has written. */
export type Curve = { points: CurvePoint[]; anchors: Anchor[]; ended: boolean };

const EMPTY: Curve = { points: [], anchors: [], ended: false };

/**
 * Follows a job from its first step. Points arrive faster than a page should be drawn, so they are shown
 * a few times per second.
 */
export function useCurve(id: string, onChange: () => void): Curve {
  const { nodeUrl } = useNetwork();
  const [curve, setCurve] = useState<Curve>(EMPTY);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `onChange` is called, not observed.
  useEffect(() => {
    const abort = new AbortController();
    const points: CurvePoint[] = [];
    const anchors: Anchor[] = [];
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setCurve({ points: [...points], anchors: [...anchors], ended });
      }, 200);
    };
    setCurve(EMPTY);
    const follow = async () => {
      for await (const event of followJob(nodeUrl, id, abort.signal)) {
        if (event.type === 'step') points.push(event.point);
        else if (event.type === 'checkpoint') anchors.push(event.anchor);
        else onChange();
        show();
      }
      if (abort.signal.aborted) return;
      ended = true;
      onChange();
      show();
    };
    follow().catch(() => undefined);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [nodeUrl, id]);
  return curve;
}
