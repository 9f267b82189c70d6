import { REQUEST_KIND } from '@openledger/sdk/protocol/answers';
import { NO_CLAIM } from '@openledger/sdk/protocol/claims';
import type { MissingTree } from '@openledger/sdk/protocol/fraud';
import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { expect, it } from 'vitest';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import type { SeenRequest } from '../chain/request-reader.ts';
import type { SeenClaim } from '../chain/settlement-reader.ts';
import { createLog } from '../log.ts';
import { createWithheld } from './withheld.ts';

const account = privateKeyToAccount(`0x${'01'.repeat(32)}`);
const claimId: Hex = `0x${'0c'.repeat(32)}`;
const seen = { claimId, claim: NO_CLAIM } as SeenClaim;
const attributions: MissingTree = { tree: 'attributions', leaves: 4 };
const payouts: MissingTree = { tree: 'payouts', leaves: 8 };
const WINDOW_S = 10;

type Call = { functionName: string; args: [unknown, SeenRequest['kind'], number, number] };

/** An audit registry in memory, and a watcher that starts anew at each look. */
function registry(requestsPerClaim: number) {
  const all: (SeenRequest & { answered: boolean })[] = [];
  const clock = { seconds: 0 };
  const add = (requester: Hex, [, kind, subject, index]: Call['args']) => {
    const id = BigInt(all.length + 1);
    all.push({
      ...{ id, claimId, kind, subject, index, requester },
      ...{ deadline: clock.seconds + WINDOW_S, answered: false },
    });
  };
  const chain = {
    contracts: {},
    client: {
      readContract: async () => ({ requestBond: 1n }),
      simulateContract: async (request: Call) => ({ request }),
      waitForTransactionReceipt: async () => ({ status: 'success' }),
      getBlock: async () => ({ timestamp: BigInt(clock.seconds) }),
    },
  } as unknown as Chain;
  const wallet = {
    account,
    writeContract: async ({ args }: Call) => {
      add(account.address, args);
      return claimId;
    },
  } as unknown as ChainWallet;
  const requests = {
    sync: async () => all.filter(({ answered }) => !answered),
    bonded: () => all,
  };
  async function look(...missing: MissingTree[]) {
    const withheld = createWithheld({ chain, wallet, requests, requestsPerClaim, log: createLog('silent') });
    const overdue = await withheld.overdue();
    await withheld.pursue(seen, missing);
    return overdue;
  }
  return { all, clock, add, look };
}

it('asks for one part at a time, for another when it was answered, and for none beyond its number', async () => {
  const { all, look } = registry(3);
  for (let round = 0; round < 5; round += 1) {
    await look(attributions, payouts);
    await look(attributions, payouts);
    for (const request of all) request.answered = true;
  }
  const { attribution, payout } = REQUEST_KIND;
  expect(all.map(({ kind }) => kind)).toEqual([attribution, payout, attribution]);
  expect(all[0]!.subject).not.toBe(all[2]!.subject);
});

it('says which requests are overdue, whoever asked', async () => {
  const { clock, add, look } = registry(3);
  add(`0x${'99'.repeat(20)}`, [undefined, REQUEST_KIND.payout, 5, 0]);
  clock.seconds = 5;
  expect(await look(attributions)).toEqual([]);
  clock.seconds = 10;
  expect(await look(attributions)).toMatchObject([{ id: 1n, requester: `0x${'99'.repeat(20)}` }]);
  clock.seconds = 15;
  expect(await look(attributions)).toMatchObject([{ id: 1n }, { id: 2n, requester: account.address }]);
});

it('asks for every leaf once, also of credits, and not for what others asked for', async () => {
  const { all, add, look } = registry(10);
  const credits: MissingTree = { tree: 'credits', leaves: 4, asset: 8 };
  add(`0x${'99'.repeat(20)}`, [undefined, REQUEST_KIND.credit, 8, 2]);
  for (let round = 0; round < 10; round += 1) {
    for (const request of all) request.answered = true;
    await look(credits);
  }
  expect(all.map(({ subject, index }) => [subject, index]).toSorted()).toEqual(
    [0, 1, 2, 3].map((index) => [8, index]),
  );
});
