import { useMutation } from '@tanstack/react-query';
import { useConfig } from 'wagmi';
import { useNetwork } from '../../app/network-context.tsx';
import { Failure } from '../../app/parts.tsx';
import type { ReceiptView } from '../../lib/receipts.ts';
import type { Exchange } from './channel-store.ts';
import { gatherEvidence } from './gather-evidence.ts';
import { verifyAnswer } from './verify.ts';

/** Recomputes everything about an answer in this browser, and says how each check came out. */
export function Verify({ view, exchange }: { view: ReceiptView; exchange: Exchange }) {
  const network = useNetwork();
  const config = useConfig();
  const verify = useMutation({
    mutationFn: async () => verifyAnswer(await gatherEvidence({ network, config, view, exchange })),
  });
  const failed = verify.data?.filter(({ ok }) => !ok).length ?? 0;
  return (
    <div className="verify">
      <button type="button" disabled={verify.isPending} onClick={() => verify.mutate()}>
        {verify.isPending ? 'Checking…' : 'Verify in this browser'}
      </button>
      {verify.error && <Failure error={verify.error} />}
      {verify.data !== undefined && (
        <div role="status">
          <p className={failed === 0 ? 'verdict good' : 'verdict bad'}>
            {failed === 0
              ? `All ${verify.data.length} checks hold.`
              : `${failed} of ${verify.data.length} checks fail.`}
          </p>
          <ul className="checks">
            {verify.data.map(({ name, ok, detail }) => (
              <li key={name} data-ok={ok}>
                <span className="sr">{ok ? 'holds: ' : 'fails: '}</span>
                {name}
                <small title={detail}>{detail}</small>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
