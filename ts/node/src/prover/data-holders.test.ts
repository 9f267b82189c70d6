import { keccak, utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { NO_CLAIM } from '@openledger/sdk/protocol/claims';
import { dataHeldTypedData } from '@openledger/sdk/protocol/vouchers';
import type { PrivateKeyAccount } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { verifyTypedData } from 'viem/utils';
import { afterEach, expect, it, vi } from 'vitest';
import { settlement } from '../../test/support/gateway.ts';
import type { Chain } from '../chain/chain.ts';
import { createLog } from '../log.ts';
import { createDataHolders } from './data-holders.ts';

const keys = [1, 2, 3].map((n) => privateKeyToAccount(`0x${`0${n}`.repeat(32)}`));
const INACTIVE = 3;
/** Agents 1, 2 and 3 have these keys; the third has no stake. */
const chain = {
  settlement,
  contracts: {},
  client: {
    readContract: async ({ functionName, args }: { functionName: string; args: [bigint | number] }) =>
      functionName === 'isActive' ? Number(args[0]) !== INACTIVE : keys[Number(args[0]) - 1]!.address,
    verifyTypedData,
  },
} as unknown as Chain;
const built = {
  claim: NO_CLAIM,
  claimId: ZERO_HASH,
  claimData: '0x01',
  locator: '0x',
  dump: utf8('dump'),
} as const;

/** What is put into the stores of validators that sign as these agents with these keys. */
function answering(
  validators: Record<string, { id: number; key: PrivateKeyAccount; status?: number; busy?: number }>,
): string[] {
  const stored: string[] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const { hostname, pathname } = new URL(url);
    const one = validators[hostname];
    if (one === undefined) throw new TypeError('fetch failed');
    if (init.method === 'HEAD') return new Response(null, { status: 404 });
    if (pathname === '/v1/store') {
      const hash = keccak(init.body as Uint8Array);
      stored.push(`${hostname} ${hash}`);
      return Response.json({ hash }, { status: 201 });
    }
    if (one.busy !== undefined && one.busy-- > 0)
      return new Response('{}', { status: 429, headers: { 'retry-after': '0' } });
    const signature = await one.key.signTypedData(dataHeldTypedData(settlement, ZERO_HASH));
    return Response.json({ validatorId: one.id, signature }, { status: one.status ?? 200 });
  });
  return stored;
}

const holdersAt = (...names: string[]) =>
  createDataHolders({ chain, urls: names.map((name) => `http://${name}`), log: createLog('silent') });

afterEach(() => vi.unstubAllGlobals());

it('gives the data to every validator and orders their signatures by id', async () => {
  const stored = answering({ a: { id: 2, key: keys[1]! }, b: { id: 1, key: keys[0]! } });
  const parent = utf8('parent');
  const attestations = await holdersAt('a', 'b').attest(built, parent, 2);
  expect(attestations.map(({ validatorId }) => validatorId)).toEqual([1, 2]);
  const blobs = [Uint8Array.of(1), built.dump, parent].map((blob) => keccak(blob));
  expect(stored.toSorted()).toEqual(
    ['a', 'b'].flatMap((name) => blobs.map((hash) => `${name} ${hash}`)).toSorted(),
  );
});

it('counts nobody twice, and nobody who is away, refuses, has no stake or signs with another key', async () => {
  answering({
    honest: { id: 1, key: keys[0]! },
    again: { id: 1, key: keys[0]! },
    refusing: { id: 2, key: keys[1]!, status: 403 },
    unstaked: { id: INACTIVE, key: keys[2]! },
    forging: { id: 2, key: keys[0]! },
  });
  const holders = holdersAt('honest', 'again', 'away', 'refusing', 'unstaked', 'forging');
  expect(await holders.attest(built, undefined, 1)).toMatchObject([{ validatorId: 1 }]);
  await expect(holders.attest(built, undefined, 2)).rejects.toThrow('1 of 6 validators attest');
});

it('asks a validator that has no place now again, as soon as it says', async () => {
  answering({ busy: { id: 1, key: keys[0]!, busy: 2 } });
  expect(await holdersAt('busy').attest(built, undefined, 1)).toMatchObject([{ validatorId: 1 }]);
});

it('waits for no validator that would have it come back after the end of its patience', async () => {
  vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
    if (init.method === 'HEAD') return new Response(null, { status: 200 });
    return new Response('{}', { status: 503, headers: { 'retry-after': '600' } });
  });
  await expect(holdersAt('busy').attest(built, undefined, 1)).rejects.toMatchObject({ code: 'busy' });
});
