import { type SigningDomain, voucherTypedData } from '@openledger/sdk/protocol/vouchers';
import type { LocalAccount } from 'viem';
import { NodeError } from '../errors.ts';
import type { Calls } from '../gateway/calls.ts';
import { type PaidCall, saltOf, unpaidBodyOf, withChannel } from '../gateway/channelless.ts';
import type { Allowance } from './allowance.ts';
import type { Sponsor } from './sponsor.ts';

/** What is free, by configuration: calls per UTC day, and the most that one of them may cost, in wei. */
export type FreeTerms = { callsPerDay: number; totalPerDay: number; maxFee: bigint };

export type FreeTierDeps = {
  terms: FreeTerms;
  allowance: Allowance;
  sponsor: Sponsor;
  calls: Pick<Calls, 'quote'>;
  /** The node's agent wallet: it signs for its own channels. */
  account: LocalAccount;
  /** Domain of vouchers: the escrow. */
  escrow: SigningDomain;
  /** Seconds since 1970. */
  now(): number;
};

/** A call that the node pays for. */
export type FreeCall = PaidCall & {
  /** To be called when its answer has begun, or will not. */
  release(): void;
};

/**
 * Free calls. The node pays for them out of its own wallet, so that an answer that costs the caller nothing has a receipt
 * and pays whose data and models it used, like every other.
 */
export type FreeTier = {
  /** Takes one of the caller's calls, or says why this request is not free. */
  admit(raw: Record<string, unknown>, caller: string): Promise<FreeCall | NodeError>;
  /** The terms, and what the caller has left today. `resetsAt` in seconds since 1970. */
  view(caller: string): FreeTerms & { remaining: number; resetsAt: number };
};

const HINT = 'Name a channel in openledger.channelId: see "Pay" in docs/api.md.';

export function createFreeTier(deps: FreeTierDeps): FreeTier {
  const { terms, allowance, sponsor, account } = deps;

  async function admit(raw: Record<string, unknown>, caller: string): Promise<FreeCall | NodeError> {
    if (allowance.left(caller) === 0) return usedUp();
    const { maxFee, maxTokens } = await deps.calls.quote(unpaidBodyOf(raw));
    if (maxFee > terms.maxFee) return tooDear(maxFee);
    const lent = sponsor.lend();
    if (lent === undefined) {
      return new NodeError('overloaded', 'Every place for free calls is taken.', HINT, { retryAfter: 1 });
    }
    const taken = allowance.take(caller);
    if (taken === undefined) {
      lent.release();
      return usedUp();
    }
    let isKept = false;
    const salt = saltOf(raw);
    return {
      raw: withChannel(raw, lent.channelId, salt),
      channelId: lent.channelId,
      prepaid: {
        fee: undefined,
        maxTokens,
        async secure(fee) {
          // Its adapter may have been unloaded since the price was asked for.
          if (fee > terms.maxFee) throw tooDear(fee);
          const channel = await lent.secure(fee);
          isKept = true;
          await taken.keep();
          return channel;
        },
        sign: (voucher) => account.signTypedData(voucherTypedData(deps.escrow, voucher)),
        describe: () => ({ salt, free: { remaining: taken.remaining, resetsAt: allowance.resetsAt() } }),
      },
      release() {
        lent.release();
        if (!isKept) taken.giveBack();
      },
    };
  }

  function usedUp(): NodeError {
    const { callsPerDay, totalPerDay } = terms;
    const resetsAt = allowance.resetsAt();
    const message = `Today's free calls are used up (${callsPerDay} a day for each caller, ${totalPerDay} for all of them); the next are given out at ${new Date(resetsAt * 1000).toISOString()}.`;
    return new NodeError('free_calls_used', message, HINT, { retryAfter: resetsAt - deps.now() });
  }

  function tooDear(fee: bigint): NodeError {
    const message = `This call may cost ${fee} wei, and calls of up to ${terms.maxFee} wei are free.`;
    return new NodeError('payment_required', message, `Ask for fewer tokens. Or: ${HINT}`);
  }

  return {
    admit,
    view: (caller) => ({ ...terms, remaining: allowance.left(caller), resetsAt: allowance.resetsAt() }),
  };
}
