import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { voteCommitment } from '@openledger/sdk/protocol/cases';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepVote, readVote, votesFolder } from './vote-file.ts';

const place = { chainId: 31_337, registry: `0x${'11'.repeat(20)}`, caseId: 7, validatorId: 3 } as const;
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'openledger-votes-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

it('keeps a vote before it is committed, and finds it by its commitment', async () => {
  const vote = await keepVote(home, place, true);
  expect(vote.convict).toBe(true);
  expect(await readVote(home, place, voteCommitment(place, vote))).toEqual(vote);
  expect(await readVote(home, { ...place, caseId: 8 }, voteCommitment(place, vote))).toBeUndefined();
});

it('takes the salt of an earlier try again, and never writes over another vote', async () => {
  const first = await keepVote(home, place, true);
  expect(await keepVote(home, place, true)).toEqual(first);
  // The first may have reached the chain: both can be revealed.
  const second = await keepVote(home, place, false);
  expect(second.salt).not.toBe(first.salt);
  for (const vote of [first, second])
    expect(await readVote(home, place, voteCommitment(place, vote))).toEqual(vote);
});

it('shares no salt between cases and validators', async () => {
  const votes = [place, { ...place, caseId: 71 }, { ...place, validatorId: 31 }];
  const salts = await Promise.all(votes.map(async (one) => (await keepVote(home, one, true)).salt));
  expect(new Set(salts).size).toBe(3);
});

it('is readable by nobody else, and says so when a file was changed', async () => {
  const vote = await keepVote(home, place, true);
  expect((await stat(votesFolder(home))).mode & 0o077).toBe(0);
  const [name] = await readdir(votesFolder(home));
  await writeFile(join(votesFolder(home), name!), JSON.stringify({ ...vote, convict: false }));
  await expect(readVote(home, place, voteCommitment(place, vote))).rejects.toThrow('is not the vote');
});
