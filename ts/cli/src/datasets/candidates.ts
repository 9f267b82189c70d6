import { readFile } from 'node:fs/promises';
import type { Candidate, Permission, Standing } from '@openledger/engine/dataset/contribution';
import { datanetRegistryAbi } from '@openledger/sdk/abis';
import { parseStoreUri } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';
import { CliError } from '../error.ts';
import type { ThreadContext } from '../thread/context.ts';
import { getBlob } from '../thread/store.ts';
import { unlessReverted } from '../thread/unless-reverted.ts';

/** Files that were never submitted, numbered in the order in which they are named. */
export function fileCandidates(paths: readonly string[], licence: string): Promise<Candidate[]> {
  return Promise.all(
    paths.map(async (path, index) => ({
      id: index + 1,
      datanet: 0,
      name: path,
      licence,
      standing: 'local',
      permission: 'open',
      promise: {},
      content: new Uint8Array(await readFile(path)),
    })),
  );
}

/** The registry's `ContributionStatus`, in its order. */
const STANDINGS: readonly (Standing | undefined)[] = [
  undefined,
  'submitted',
  'accepted',
  'rejected',
  'expired',
  'tombstoned',
  'duplicate',
  'displaced',
];

/** Every contribution that was ever submitted to some datanets, with its text from the content store. */
export async function datanetCandidates(
  context: Pick<ThreadContext, 'config' | 'book' | 'chain'>,
  datanets: readonly number[],
  trainer: Hex | undefined,
): Promise<Candidate[]> {
  const registry = { address: context.book.contracts.DatanetRegistry, abi: datanetRegistryAbi } as const;
  const permissions = new Map<number, Permission>();
  for (const id of datanets) permissions.set(id, await permissionOf(context, id, trainer));
  const logs = await context.chain.getContractEvents({
    ...registry,
    eventName: 'ContributionSubmitted',
    fromBlock: BigInt(context.book.startBlock),
    strict: true,
  });
  const submitted = logs.filter(({ args }) => permissions.has(args.datanetId));
  return Promise.all(
    submitted.map(async ({ args: { contributionId: id, datanetId: datanet, contributor, input } }) => {
      const { status } = await context.chain.readContract({
        ...registry,
        functionName: 'contribution',
        args: [id],
      });
      const contentHash = parseStoreUri(input.uri);
      return {
        id,
        datanet,
        name: `by ${contributor}`,
        licence: input.licence,
        standing: STANDINGS[status] ?? 'submitted',
        permission: permissions.get(datanet) ?? 'unknown',
        promise: {
          contentHash,
          contentRoot: input.contentRoot,
          byteLength: input.byteLength,
          rowsRoot: input.rowsRoot,
          rowCount: input.rowCount,
        },
        content: await getBlob(context, contentHash).catch((error: unknown) => ({
          missing: error instanceof Error ? error.message : String(error),
        })),
      };
    }),
  );
}

async function permissionOf(
  context: Pick<ThreadContext, 'book' | 'chain'>,
  id: number,
  trainer: Hex | undefined,
): Promise<Permission> {
  const registry = { address: context.book.contracts.DatanetRegistry, abi: datanetRegistryAbi } as const;
  const datanet = await unlessReverted(
    context.chain.readContract({ ...registry, functionName: 'datanet', args: [id] }),
  );
  if (datanet === undefined) throw new CliError(`The chain has no datanet ${id}.`);
  if (!datanet.permissioned) return 'open';
  if (trainer === undefined) return 'unknown';
  const { timestamp } = await context.chain.getBlock();
  const granted = await context.chain.readContract({
    ...registry,
    functionName: 'mayTrain',
    args: [id, trainer, Number(timestamp)],
  });
  return granted ? 'granted' : 'missing';
}
