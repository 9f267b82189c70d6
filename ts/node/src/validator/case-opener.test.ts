import { NO_CLAIM } from '@openledger/sdk/protocol/claims';
import type { Hex } from 'viem';
import { expect, it } from 'vitest';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import type { SeenClaim } from '../chain/settlement-reader.ts';
import { createLog } from '../log.ts';
import { type CaseOpenerDeps, createCaseOpener } from './case-opener.ts';

const hash: Hex = `0x${'01'.repeat(32)}`;
const CASE_WINDOW_S = 10_000;
const accused = {
  seen: { claimId: hash, claim: NO_CLAIM } as SeenClaim,
  position: 3,
  problems: ['The query vector is another one.'],
};

/** An opener on a chain that refuses the first `failures` transactions. */
function openerOn(failures: number, options: { isOver?: () => boolean; about?: () => number } = {}) {
  const sent: bigint[] = [];
  const clock = { ms: 0, tries: 0 };
  const deps = {
    chain: {
      contracts: {},
      client: {
        readContract: async () => options.about?.() ?? 0,
        simulateContract: async (request: { value: bigint }) => {
          clock.tries += 1;
          if (clock.tries <= failures) throw new Error('the chain does not answer');
          return { request };
        },
        waitForTransactionReceipt: async () => ({ status: 'success' }),
      },
    } as unknown as Chain,
    wallet: {
      writeContract: async ({ value }: { value: bigint }) => {
        sent.push(value);
        return hash;
      },
    } as unknown as ChainWallet,
    state: {
      currentVersion: async () => 2,
      parameters: async (version: number) => ({ caseBond: BigInt(version), caseWindow: CASE_WINDOW_S }),
    } as unknown as CaseOpenerDeps['state'],
    store: { put: async () => hash },
    log: createLog('silent'),
    isOver: async () => options.isOver?.() ?? false,
    now: () => clock.ms,
  };
  return { opener: createCaseOpener(deps), sent, clock };
}

it('tries a case that could not be opened again, at growing distances, and then opens it once', async () => {
  const { opener, sent, clock } = openerOn(3);
  opener.accuse(accused);
  opener.accuse({ ...accused, position: 4 });
  const triedAt: number[] = [];
  for (; clock.ms <= 20_000; clock.ms += 500) {
    const before = clock.tries;
    await opener.open();
    if (clock.tries > before) triedAt.push(clock.ms);
  }
  expect(triedAt).toEqual([0, 1_000, 3_000, 7_000]);
  // The bond is that of the parameters in force, not that of the claim's.
  expect(sent).toEqual([2n]);
});

it('gives up when a case is open, or can be opened no more', async () => {
  let about = 0;
  let isOver = false;
  for (const change of [() => (about = 7), () => (isOver = true)]) {
    [about, isOver] = [0, false];
    const { opener, sent, clock } = openerOn(1, { about: () => about, isOver: () => isOver });
    opener.accuse(accused);
    await opener.open();
    change();
    for (clock.ms = 1_000; clock.ms < 1e6; clock.ms += 10_000) await opener.open();
    expect(clock.tries).toBe(1);
    expect(sent).toEqual([]);
  }
});

it('keeps trying in the time that is left, whatever fails', async () => {
  const { opener, clock } = openerOn(1e9);
  opener.accuse(accused);
  let most = 0;
  let last = 0;
  for (; clock.ms < 4e6; clock.ms += 1_000) {
    const before = clock.tries;
    await opener.open();
    if (clock.tries === before) continue;
    most = Math.max(most, clock.ms - last);
    last = clock.ms;
  }
  expect(most).toBe(300_000);
});
