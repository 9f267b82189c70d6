import { datasetReport } from '@openledger/engine/dataset/report';
import type { TrainingContent, TrainingDatanet } from '@openledger/engine/export/training-summary';
import { datanetRegistryAbi, modelRegistryAbi } from '@openledger/sdk/abis';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { fromUtf8 } from '@openledger/sdk/protocol/bytes';
import { hashSchema, parseStoreUri } from '@openledger/sdk/protocol/store';
import { parseEventLogs } from 'viem';
import { z } from 'zod';
import { CHAIN_ID } from '../devnet/config.ts';
import { CliError } from '../error.ts';
import type { ThreadContext } from '../thread/context.ts';
import { getBlob } from '../thread/store.ts';
import { registeredBases } from './publish-base.ts';
import { publishedAdapters } from './resolve.ts';

const card = z.object({
  name: z.string(),
  dataset: hashSchema.nullish(),
  contributions: z.array(z.object({ asset: z.number() })),
});

/** What an adapter learned from, by its card and the registries. */
export async function trainingContent(
  context: Pick<ThreadContext, 'config' | 'book' | 'chain'>,
  modelId: number,
): Promise<TrainingContent> {
  const published = (await publishedAdapters(context)).find((one) => one.modelId === modelId);
  if (published === undefined) throw new CliError(`The chain has no adapter ${modelId}.`);
  const { terms, blockNumber } = published;
  const readJson = async (hash: Parameters<typeof getBlob>[1]): Promise<unknown> =>
    JSON.parse(fromUtf8(await getBlob(context, hash)));
  const { name, dataset, contributions } = card.parse(await readJson(parseStoreUri(terms.uri)));
  const parent = (await registeredBases(context)).find((base) => base.modelId === terms.parent);
  if (parent === undefined) throw new CliError(`The parent of model ${modelId} is not a base model.`);
  const registry = context.book.contracts.ModelRegistry;
  return {
    ...{ model: name, chainId: CHAIN_ID, registry, modelId, runId: terms.runId, licence: terms.licence },
    provider: await context.chain.readContract({
      address: registry,
      abi: modelRegistryAbi,
      functionName: 'ownerOf',
      args: [BigInt(modelId)],
    }),
    publishedAt: Number((await context.chain.getBlock({ blockNumber })).timestamp),
    parent: { modelId: parent.modelId, weightsHash: parent.weightsHash },
    datanets: await datanetsOf(context, new Set(contributions.map(({ asset }) => asset))),
    report: dataset == null ? undefined : datasetReport.parse(await readJson(dataset)),
  };
}

/** The datanets of some contributions, with what these contributions are. */
async function datanetsOf(
  context: Pick<ThreadContext, 'book' | 'chain'>,
  assets: ReadonlySet<number>,
): Promise<TrainingDatanet[]> {
  const logs = await context.chain.getLogs({
    address: context.book.contracts.DatanetRegistry,
    fromBlock: BigInt(context.book.startBlock),
  });
  const events = parseEventLogs({
    abi: datanetRegistryAbi,
    logs,
    eventName: ['DatanetCreated', 'ContributionSubmitted'],
  });
  const submitted = events
    .filter((event) => event.eventName === 'ContributionSubmitted')
    .map(({ args }) => args)
    .filter(({ contributionId }) => assets.has(contributionAsset(contributionId)));
  return events
    .filter((event) => event.eventName === 'DatanetCreated')
    .flatMap(({ args: { datanetId: id, config } }) => {
      const own = submitted.filter(({ datanetId }) => datanetId === id);
      if (own.length === 0) return [];
      const times = own.map(({ committedAt }) => committedAt);
      return [
        {
          ...{ id, name: config.name, subject: config.subject, isPermissioned: config.permissioned },
          licences: [...new Set(own.map(({ input }) => input.licence))].sort(),
          contributors: new Set(own.map(({ contributor }) => contributor)).size,
          contributions: own.length,
          rows: own.reduce((sum, { input }) => sum + input.rowCount, 0),
          byteLength: own.reduce((sum, { input }) => sum + input.byteLength, 0),
          from: Math.min(...times),
          until: Math.max(...times),
        },
      ];
    });
}
