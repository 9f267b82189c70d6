import { createHash } from 'node:crypto';
import type { Candidate } from '@openledger/engine/dataset/contribution';
import type { ContributionFacts, DatanetFacts } from '@openledger/engine/export/croissant';
import { datanetRegistryAbi } from '@openledger/sdk/abis';
import { parseEventLogs } from 'viem';
import { CHAIN_ID } from '../devnet/config.ts';
import { CliError } from '../error.ts';
import type { ThreadContext } from '../thread/context.ts';
import { datanetCandidates } from './candidates.ts';

/** A datanet with its accepted contributions, from the chain's events and the content store. */
export async function datanetFacts(
  context: Pick<ThreadContext, 'config' | 'book' | 'chain'>,
  id: number,
): Promise<{ facts: DatanetFacts; candidates: Candidate[] }> {
  const { DatanetRegistry: registry, ContributionToken: contributionToken } = context.book.contracts;
  const candidates = await datanetCandidates(context, [id], undefined);
  const logs = await context.chain.getLogs({ address: registry, fromBlock: BigInt(context.book.startBlock) });
  const events = parseEventLogs({ abi: datanetRegistryAbi, logs }).filter(
    ({ args }) => 'datanetId' in args && args.datanetId === id,
  );
  const created = events.find((event) => event.eventName === 'DatanetCreated');
  if (created === undefined) throw new CliError(`The chain has no datanet ${id}.`);
  const changes = events.filter((event) => 'version' in event.args);
  const timeOf = async ({ blockNumber }: { blockNumber: bigint }) =>
    Number((await context.chain.getBlock({ blockNumber })).timestamp);
  const submissions = events.filter((event) => event.eventName === 'ContributionSubmitted');
  const contributions = candidates.flatMap((candidate): ContributionFacts[] => {
    const submitted = submissions.find(({ args }) => args.contributionId === candidate.id);
    const { content, promise, standing, licence } = candidate;
    if (standing !== 'accepted' || submitted === undefined || promise.contentHash === undefined) return [];
    if (!(content instanceof Uint8Array))
      throw new CliError(`Contribution ${candidate.id} cannot be described: ${content.missing}`);
    return [
      {
        id: candidate.id,
        contributor: submitted.args.contributor,
        licence,
        committedAt: submitted.args.committedAt,
        contentHash: promise.contentHash,
        sha256: createHash('sha256').update(content).digest('hex'),
        byteLength: content.length,
      },
    ];
  });
  const { config, owner } = created.args;
  const facts = {
    chainId: CHAIN_ID,
    ...{ registry, contributionToken, id, name: config.name, subject: config.subject, owner, contributions },
    createdAt: await timeOf(created),
    modifiedAt: await timeOf(changes.at(-1) ?? created),
    changes: changes.length,
    version: await context.chain.readContract({
      address: registry,
      abi: datanetRegistryAbi,
      functionName: 'version',
      args: [id],
    }),
    storeUrl: context.config.urls.node,
  };
  return { facts, candidates };
}
