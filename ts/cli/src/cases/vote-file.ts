import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@openledger/engine/files/atomic';
import { type CaseVote, type VotePlace, voteCommitment } from '@openledger/sdk/protocol/cases';
import { hashSchema } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';
import { z } from 'zod';
import { CliError } from '../error.ts';

const saved = z.object({ convict: z.boolean(), salt: hashSchema });

/** The folder of the votes that this machine has committed to, or was about to. */
export const votesFolder = (home: string) => join(home, 'votes');

/**
 * The vote with this commitment; undefined when this machine does not have it. A file per commitment: none is ever written
 * over, so whatever was sent before a crash can be revealed.
 */
export async function readVote(
  home: string,
  place: VotePlace,
  commitment: Hex,
): Promise<CaseVote | undefined> {
  const path = join(votesFolder(home), `${prefixOf(place)}${commitment}.json`);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const vote = saved.safeParse(parseJson(text));
  if (vote.success && voteCommitment(place, vote.data) === commitment) return vote.data;
  throw new CliError(`${path} is not the vote that its name says. Restore it from a backup.`);
}

/** A vote that says this, kept on the disk before it is returned: one of an earlier try, or a new one. */
export async function keepVote(home: string, place: VotePlace, convict: boolean): Promise<CaseVote> {
  const folder = votesFolder(home);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const prefix = prefixOf(place);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !name.endsWith('.json')) continue;
    const known = await readVote(home, place, name.slice(prefix.length, -'.json'.length) as Hex);
    if (known?.convict === convict) return known;
  }
  const vote: CaseVote = {
    convict,
    salt: `0x${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex')}`,
  };
  const path = join(folder, `${prefix}${voteCommitment(place, vote)}.json`);
  await writeFileAtomic(path, `${JSON.stringify(vote)}\n`);
  return vote;
}

function prefixOf({ chainId, registry, caseId, validatorId }: VotePlace): string {
  return `${chainId}-${registry.toLowerCase()}-${caseId}-${validatorId}-`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
