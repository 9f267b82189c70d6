import { useState } from 'react';
import { Failure, Open } from '../../app/parts.tsx';
import { parseOpen } from '../../lib/amounts.ts';
import type { useChannel } from './use-channel.ts';

/** How answers are paid: one deposit, small signed payments out of it, and a limit that cannot be passed. */
export function ChannelBar({ payment }: { payment: ReturnType<typeof useChannel> }) {
  const [typed, setTyped] = useState('1');
  const { channel, open } = payment;
  const deposit = parseOpen(typed);

  if (channel !== undefined) {
    const left = channel.deposit - channel.spent;
    return (
      <section className="channel" aria-label="Payment">
        <div>
          <b>
            <Open wei={left} digits={4} /> left
          </b>
          <span className="soft">
            {' '}
            of <Open wei={channel.deposit} digits={4} />. This browser signs each payment; it can never spend
            more than this.
          </span>
        </div>
        <progress
          max={1}
          value={Number((left * 1_000n) / channel.deposit) / 1_000}
          aria-label="Part of the deposit that is left"
        />
      </section>
    );
  }
  return (
    <section className="channel" aria-label="Payment">
      <div>
        <b>Answers cost a little OPEN.</b>{' '}
        <span className="soft">
          Deposit once, then ask: no gas and no prompt per answer. What you do not use you get back.
        </span>
      </div>
      <div className="form-end">
        <label className="with-unit deposit">
          <span className="sr">Deposit</span>
          <input
            type="text"
            inputMode="decimal"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <span>OPEN</span>
        </label>
        <button
          type="button"
          className="primary"
          disabled={
            deposit === undefined || deposit === 0n || open.isPending || !payment.canOpen || payment.isLooking
          }
          onClick={() => deposit !== undefined && open.mutate(deposit)}
        >
          {open.isPending ? 'Opening…' : 'Open a channel'}
        </button>
        {payment.address === undefined && (
          <span className="hint">
            {payment.canConnect ? 'uses the devnet’s consumer, play money' : 'connect an account first'}
          </span>
        )}
      </div>
      {payment.error && <Failure error={payment.error} />}
    </section>
  );
}
