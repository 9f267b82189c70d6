import { textTable } from '@openledger/engine/dataset/text-table';
import { commitVote } from '@openledger/sdk/actions/commit-vote';
import { revealVote } from '@openledger/sdk/actions/reveal-vote';
import { ActionError } from '@openledger/sdk/actions/transact';
import { fromUtf8, keccak } from '@openledger/sdk/protocol/bytes';
import { type VotePlace, voteCommitment } from '@openledger/sdk/protocol/cases';
import { Argument, Command } from 'commander';
import { type Account, formatEther, type Hex, zeroHash } from 'viem';
import { allCases, type Case, readCase, readVoteOnChain, recordOf, validatorOf } from '../cases/cases.ts';
import { keepVote, readVote, votesFolder } from '../cases/vote-file.ts';
import {
  type CallerFlags,
  callerAccount,
  callerOptions,
  callerWallet,
  goOnline,
  type Online,
  timeOf,
} from '../chain/caller.ts';
import { CliError } from '../error.ts';
import { toJson } from '../json.ts';

const KEY = 'OPENLEDGER_VALIDATOR_KEY';

type VoteFlags = CallerFlags & { validator?: string };

/** `openledger case …`. */
export function caseCommand(): Command {
  const command = new Command('case').description(
    `cases, which validators judge by hand: commit a vote, and reveal it when the time for commitments is over; the key is in ${KEY}`,
  );
  callerOptions(command.command('list'), KEY)
    .description('all cases, the newest first')
    .option('--all', 'also those that are closed')
    .action(listCommand);
  callerOptions(command.command('show <id>'), KEY)
    .description('one case: its times, its evidence and its votes')
    .option('--store <url>', 'read the evidence from this content store (a validator’s or a node’s URL)')
    .action(showCommand);
  const who = ['--validator <agent>', 'which validator; default: the one of the key'] as const;
  callerOptions(command.command('vote <id>'), KEY)
    .addArgument(new Argument('<verdict>', 'what you say').choices(['convict', 'acquit']))
    .description(
      'commit a vote; its salt is kept in OPENLEDGER_HOME/votes, without which nobody can reveal it',
    )
    .option(...who)
    .action(voteCommand);
  callerOptions(command.command('reveal <id>'), KEY)
    .description('reveal the vote that was committed; a vote that stays hidden costs a part of the stake')
    .option(...who)
    .action(revealCommand);
  return command;
}

async function listCommand(flags: CallerFlags & { all?: boolean }): Promise<void> {
  const online = await goOnline(flags);
  const cases = (await allCases(online)).filter(({ phase }) => flags.all || phase !== 'closed').reverse();
  if (flags.json) return console.log(toJson(cases));
  if (cases.length === 0) return console.log('There are no cases.');
  const rows = cases.map((one) => [
    ...[one.caseId, one.kind, one.kind === 'claim' ? `${one.subject.slice(0, 18)}…` : one.subject],
    ...[one.accused === 0 ? '—' : `agent ${one.accused}`, one.phase, untilOf(one), one.verdict],
  ]);
  console.log(textTable(['case', 'about', 'id', 'accused', 'phase', 'until', 'verdict'], rows));
}

async function showCommand(id: string, flags: CallerFlags & { store?: string }): Promise<void> {
  const online = await goOnline(flags);
  const one = await readCase(online, parseCase(id));
  const { evidence, votes } = await recordOf(online, one.caseId);
  const texts = await Promise.all(
    evidence.map(async (each) => ({
      ...each,
      text: flags.store && (await readBlob(flags.store, each.hash)),
    })),
  );
  if (flags.json) return console.log(toJson({ ...one, evidence: texts, votes }));
  const subject = `${one.kind} ${one.subject}`;
  const lines = [
    `case ${one.caseId} about ${subject}${one.accused === 0 ? '' : `; accused: agent ${one.accused}`}`,
    `opened ${timeOf(one.openedAt)} by ${one.opener}, bond ${formatEther(one.bond)} OPEN`,
    `commit until ${timeOf(one.commitEnd)}, reveal until ${timeOf(one.revealEnd)}, appeal until ${timeOf(one.appealEnd)}, over ${timeOf(one.end)}`,
    `phase: ${one.phase}; verdict: ${one.verdict}${one.isFinal ? ', final' : ''}`,
    `stake: ${formatEther(one.convict)} to convict, ${formatEther(one.acquit)} to acquit, ${formatEther(one.total)} in all`,
    ...texts.map(({ from, hash, text }) => `evidence ${hash} by ${from}${text ? `\n  ${text}` : ''}`),
    ...votes.map(
      ({ validatorId, weight, convict }) =>
        `vote of validator ${validatorId} (${formatEther(weight)}): ${convict === null ? 'committed' : convict ? 'convict' : 'acquit'}`,
    ),
  ];
  console.log(lines.join('\n'));
}

async function voteCommand(id: string, verdict: 'convict' | 'acquit', flags: VoteFlags): Promise<void> {
  const online = await goOnline(flags);
  const account = callerAccount(online, flags, KEY);
  const one = await readCase(online, parseCase(id));
  const place = await placeOf(online, one, account, flags);
  const convict = verdict === 'convict';
  const { caseId, validatorId } = place;
  let transaction: Hex | null = null;
  if (!(await isCommitted(online, place, convict))) {
    const vote = await keepVote(online.home, place, convict);
    const commitment = voteCommitment(place, vote);
    const wallet = callerWallet(online, account);
    transaction = await commitVote(wallet, { book: online.book, caseId, validatorId, commitment }).then(
      ({ hash }) => hash,
      async (error: unknown) => {
        // An earlier try, which nobody saw the end of, has come through.
        const isKnown = reasonOf(error) === 'AlreadyCommitted' && (await isCommitted(online, place, convict));
        if (isKnown) return null;
        throw inWords(error, one);
      },
    );
  }
  const { commitEnd, revealEnd } = one;
  if (flags.json) {
    return console.log(toJson({ caseId, validatorId, verdict, transaction, commitEnd, revealEnd }));
  }
  console.log(
    [
      `${transaction === null ? 'Committed already' : 'Committed'}: validator ${validatorId} votes to ${verdict} in case ${caseId}.`,
      `Between ${timeOf(commitEnd)} and ${timeOf(revealEnd)}, or a part of the stake is lost: openledger case reveal ${caseId}`,
    ].join('\n'),
  );
}

async function revealCommand(id: string, flags: VoteFlags): Promise<void> {
  const online = await goOnline(flags);
  const account = callerAccount(online, flags, KEY);
  const one = await readCase(online, parseCase(id));
  const place = await placeOf(online, one, account, flags);
  const { caseId, validatorId } = place;
  const { commitment, revealed } = await readVoteOnChain(online, caseId, validatorId);
  if (commitment === zeroHash)
    throw new CliError(`Validator ${validatorId} has committed no vote in case ${caseId}.`);
  const vote = await readVote(online.home, place, commitment);
  if (vote === undefined) throw new CliError(saltIsElsewhere(online, place));
  let transaction: Hex | null = null;
  if (!revealed) {
    const sent = revealVote(callerWallet(online, account), {
      ...{ book: online.book, caseId, validatorId, ...vote },
    });
    transaction = (
      await sent.catch((error) => {
        throw inWords(error, one);
      })
    ).hash;
  }
  const verdict = vote.convict ? 'convict' : 'acquit';
  if (flags.json) return console.log(toJson({ caseId, validatorId, verdict, transaction }));
  console.log(
    `${transaction === null ? 'Revealed already' : 'Revealed'}: validator ${validatorId} votes to ${verdict} in case ${caseId}.`,
  );
}

/** Whether this very vote is on the chain; throws when another one is. */
async function isCommitted(online: Online, place: VotePlace, convict: boolean): Promise<boolean> {
  const { caseId, validatorId } = place;
  const { commitment } = await readVoteOnChain(online, caseId, validatorId);
  if (commitment === zeroHash) return false;
  const known = await readVote(online.home, place, commitment);
  if (known === undefined) throw new CliError(saltIsElsewhere(online, place));
  if (known.convict === convict) return true;
  throw new CliError(
    `Validator ${validatorId} has committed to ${known.convict ? 'convict' : 'acquit'} in case ${caseId}, which can't be changed.`,
  );
}

async function placeOf(
  online: Online,
  { caseId }: Case,
  { address }: Account,
  flags: VoteFlags,
): Promise<VotePlace> {
  const named = flags.validator === undefined ? undefined : parseNumber(flags.validator, 'agent');
  const validatorId = named ?? (await validatorOf(online, address));
  if (validatorId === undefined)
    throw new CliError(
      `${address} owns no active validator. Name it with --validator if the key is only its wallet.`,
    );
  const { chainId, contracts } = online.book;
  return { chainId, registry: contracts.CaseRegistry, caseId, validatorId };
}

function saltIsElsewhere({ home }: Online, { caseId, validatorId }: VotePlace): string {
  return `Validator ${validatorId} has committed a vote in case ${caseId} whose salt is not in ${votesFolder(home)}. Copy that folder from where the vote was made.`;
}

function reasonOf(error: unknown): string | undefined {
  return error instanceof ActionError ? error.reason?.replace('CaseRegistry_', '') : undefined;
}

/** What the registry refuses, with the times that it goes by. */
function inWords(error: unknown, { caseId, commitEnd, revealEnd }: Case): unknown {
  const cause = { cause: error };
  switch (reasonOf(error)) {
    case 'WrongPhase':
      return new CliError(
        `In case ${caseId} votes are committed until ${timeOf(commitEnd)}, and revealed from then until ${timeOf(revealEnd)}.`,
        cause,
      );
    case 'NotValidator':
      return new CliError(`The key is not the wallet of an active validator with that number.`, cause);
    case 'Conflicted':
      return new CliError(`The accused of case ${caseId} has the same owner: it can't be judged.`, cause);
    case 'NoWeight':
      return new CliError(`Case ${caseId} was opened before the validator had any stake.`, cause);
    default:
      return error;
  }
}

function untilOf({ phase, commitEnd, revealEnd, appealEnd, end }: Case): string {
  const until = { commit: commitEnd, reveal: revealEnd, appeal: appealEnd, appealed: end };
  return phase === 'decided' || phase === 'closed' ? '—' : timeOf(until[phase]);
}

/** What the store has under a hash, as text; undefined where it has not. */
async function readBlob(url: string, hash: Hex): Promise<string | undefined> {
  const response = await fetch(`${url.replace(/\/+$/, '')}/v1/store/${hash}`).catch((cause: unknown) => {
    throw new CliError(`The store at ${url} does not answer.`, { cause });
  });
  if (!response.ok) return undefined;
  const bytes = new Uint8Array(await response.arrayBuffer());
  return keccak(bytes) === hash ? fromUtf8(bytes) : undefined;
}

const parseCase = (text: string) => parseNumber(text, 'case');

function parseNumber(text: string, what: string): number {
  if (/^[1-9]\d{0,12}$/.test(text)) return Number(text);
  throw new CliError(`"${text}" is not the number of a${what === 'agent' ? 'n' : ''} ${what}.`);
}
