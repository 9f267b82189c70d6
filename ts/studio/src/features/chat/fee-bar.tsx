import { Open } from '../../app/parts.tsx';
import { formatShare } from '../../lib/amounts.ts';
import type { FeePart } from './attribution.ts';

/** A fee as a bar of its parts, with the same in words. */
export function FeeBar({ fee, parts }: { fee: bigint; parts: readonly FeePart[] }) {
  return (
    <div className="fee">
      <div className="fee-bar" aria-hidden="true">
        {parts.map(({ key, amount }) => (
          <span
            key={key}
            data-part={key}
            style={{ flexGrow: Number((amount * 10_000n) / (fee === 0n ? 1n : fee)) }}
          />
        ))}
      </div>
      <dl className="fee-parts">
        {parts.map(({ key, label, amount }) => (
          <div key={key}>
            <dt data-part={key}>{label}</dt>
            <dd>
              <small>{formatShare(amount, fee)}</small>
            </dd>
            <dd>
              <Open wei={amount} digits={9} />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
