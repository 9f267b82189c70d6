import { agentRegistryAbi, agentStakingAbi, caseRegistryAbi } from '@openledger/sdk/abis';
import { CASE_KIND, VERDICT } from '@openledger/sdk/protocol/cases';
import { ROLE } from '@openledger/sdk/protocol/roles';
import { type Hex, isAddressEqual, zeroAddress } from 'viem';
import { inRanges, type Online } from '../chain/caller.ts';
import { CliError } from '../error.ts';
import { unlessReverted } from '../thread/unless-reverted.ts';

export type Phase = 'commit' | 'reveal' | 'appeal' | 'appealed' | 'decided' | 'closed';

/** A case, as validators need it. Times in seconds, amounts in wei. */
export type Case = {
  caseId: number;
  kind: (typeof CASE_KIND)[number];
  /** Id of the claim, or the number of the contribution or the model. */
  subject: string;
  accused: number;
  opener: Hex;
  bond: bigint;
  phase: Phase;
  openedAt: number;
  /** When each part ends. */
  commitEnd: number;
  revealEnd: number;
  appealEnd: number;
  end: number;
  verdict: (typeof VERDICT)[number];
  isFinal: boolean;
  /** Validators' stake when it was opened, and that of the votes revealed so far. */
  total: bigint;
  convict: bigint;
  acquit: bigint;
};

/** A validator's vote, as far as it is known. */
export type KnownVote = { validatorId: number; weight: bigint; revealed: boolean; convict: boolean | null };

const registryOf = ({ book }: Online) =>
  ({ address: book.contracts.CaseRegistry, abi: caseRegistryAbi }) as const;

/** Reads a case; throws where there is none. */
export async function readCase(online: Online, caseId: number): Promise<Case> {
  const { chain } = online;
  const call = { ...registryOf(online), args: [caseId] } as const;
  const found = await unlessReverted(chain.readContract({ ...call, functionName: 'caseOf' }));
  if (found === undefined) throw new CliError(`There is no case ${caseId}.`);
  const [deadlines, [verdict, isFinal], { timestamp }] = await Promise.all([
    chain.readContract({ ...call, functionName: 'deadlinesOf' }),
    chain.readContract({ ...call, functionName: 'verdictOf' }),
    chain.getBlock(),
  ]);
  const [commitEnd, revealEnd, appealEnd, end] = deadlines;
  const { accused, opener, bond, openedAt, total, convict, acquit } = found;
  const kind = CASE_KIND[found.kind] ?? 'claim';
  const now = Number(timestamp);
  const phase: Phase = found.closed
    ? 'closed'
    : now < commitEnd
      ? 'commit'
      : now < revealEnd
        ? 'reveal'
        : isFinal
          ? 'decided'
          : found.appellant === zeroAddress
            ? 'appeal'
            : 'appealed';
  return {
    ...{ caseId, kind, accused, opener, bond, phase, openedAt, commitEnd, revealEnd, appealEnd, end },
    ...{ total, convict, acquit, isFinal, verdict: VERDICT[verdict] ?? 'pending' },
    subject: kind === 'claim' ? found.subject : BigInt(found.subject).toString(),
  };
}

/** Every case, the oldest first. */
export async function allCases(online: Online): Promise<Case[]> {
  const { chain } = online;
  const count = await chain.readContract({ ...registryOf(online), functionName: 'caseCount' });
  const cases: Case[] = [];
  for (let caseId = 1; caseId <= count; caseId += 1) cases.push(await readCase(online, caseId));
  return cases;
}

/** A validator's vote in a case; `commitment` is zero if it has none. */
export function readVoteOnChain(online: Online, caseId: number, validatorId: number) {
  const call = { ...registryOf(online), functionName: 'voteOf', args: [caseId, validatorId] } as const;
  return online.chain.readContract(call);
}

/** What was submitted to a case: the hashes of the evidence, and who voted. */
export async function recordOf(
  online: Online,
  caseId: number,
): Promise<{ evidence: { from: Hex; hash: Hex }[]; votes: KnownVote[] }> {
  const { chain } = online;
  const filter = { ...registryOf(online), args: { caseId }, strict: true } as const;
  const opened = await inRanges(online, (range) =>
    chain.getContractEvents({ ...filter, ...range, eventName: 'CaseOpened' }),
  );
  const submitted = await inRanges(online, (range) =>
    chain.getContractEvents({ ...filter, ...range, eventName: 'EvidenceSubmitted' }),
  );
  const committed = await inRanges(online, (range) =>
    chain.getContractEvents({ ...filter, ...range, eventName: 'VoteCommitted' }),
  );
  const votes: KnownVote[] = [];
  for (const { args } of committed) {
    const { revealed, convict, weight } = await readVoteOnChain(online, caseId, args.validatorId);
    votes.push({ validatorId: args.validatorId, weight, revealed, convict: revealed ? convict : null });
  }
  const evidence = [
    ...opened.map(({ args }) => ({ from: args.opener, hash: args.evidenceHash })),
    ...submitted.map(({ args }) => ({ from: args.from, hash: args.evidenceHash })),
  ];
  return { evidence, votes };
}

/** The validator that an address is the wallet of; undefined where it is none. */
export async function validatorOf(online: Online, address: Hex): Promise<number | undefined> {
  const { book, chain } = online;
  const agents = { address: book.contracts.AgentRegistry, abi: agentRegistryAbi } as const;
  const staking = { address: book.contracts.AgentStaking, abi: agentStakingAbi } as const;
  const registered = await inRanges(online, (range) =>
    chain.getContractEvents({
      ...agents,
      eventName: 'Registered',
      args: { owner: address },
      strict: true,
      ...range,
    }),
  );
  for (const { args } of registered.toReversed()) {
    const wallet = await chain.readContract({
      ...agents,
      functionName: 'getAgentWallet',
      args: [args.agentId],
    });
    const isActive = await chain.readContract({
      ...staking,
      functionName: 'isActive',
      args: [Number(args.agentId), ROLE.validator],
    });
    if (isAddressEqual(wallet, address) && isActive) return Number(args.agentId);
  }
  return undefined;
}
