import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ADAPTER_FILES, type Adapter, decodeAdapter } from '@openledger/engine/adapter/peft';
import { type BaseModel, loadBase } from '@openledger/engine/model/base';
import { modelRegistryAbi } from '@openledger/sdk/abis';
import { fromUtf8 } from '@openledger/sdk/protocol/bytes';
import { hashSchema, parseFolderManifest, parseStoreUri } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';
import { z } from 'zod';
import type { DevnetConfig } from '../devnet/config.ts';
import { operatorToken } from '../devnet/devnet.ts';
import { CliError } from '../error.ts';
import { openContext, type ThreadContext } from '../thread/context.ts';
import { getBlob } from '../thread/store.ts';
import { listBases, readable } from './library.ts';
import { registeredBases } from './publish-base.ts';

/** A model that can be run, exported or evaluated here. */
export type ResolvedModel = {
  readonly name: string;
  /** Folder of the base model. */
  readonly directory: string;
  readonly base: BaseModel;
  readonly adapter?: {
    readonly adapter: Adapter;
    readonly files: ReadonlyMap<string, Uint8Array>;
    /** Hash of its folder, when it is published. */
    readonly hash?: Hex;
    /** Datanets that it learned from, when it is published. */
    readonly datanets: readonly number[];
    readonly licence?: string;
  };
};

const card = z.object({ name: z.string(), adapter: hashSchema, datanets: z.array(z.number()) });

/**
 * Finds a model: `base` or the name of an imported one, `ol-<id>` for a registered one, or a folder in the layout of
 * Hugging Face or PEFT. `baseName` says which base a PEFT folder belongs to.
 */
export async function resolveModel(
  config: DevnetConfig,
  name: string,
  baseName = 'base',
): Promise<ResolvedModel> {
  const id = /^ol-([1-9]\d*)$/.exec(name)?.[1];
  if (id !== undefined) return resolveRegistered(config, Number(id));
  const local = (await listBases(config)).find(({ card }) => card.name === name);
  if (local !== undefined) return readable(() => resolveBase(name, local.directory));
  if (await isFile(join(name, 'adapter_config.json'))) {
    const { directory, base } = await resolveModel(config, baseName);
    const files = new Map<string, Uint8Array>();
    for (const file of ADAPTER_FILES) files.set(file, await readFile(join(name, file)));
    const adapter = await readable(async () => decodeAdapter(base.config, files));
    return { name: basename(resolve(name)), directory, base, adapter: { adapter, files, datanets: [] } };
  }
  if (await isFile(join(name, 'config.json')))
    return readable(() => resolveBase(basename(resolve(name)), name));
  throw new CliError(
    `There is no model "${name}": it is neither the name of a local model (openledger model list), nor ol-<id>, nor a folder with config.json or adapter_config.json.`,
  );
}

async function resolveBase(name: string, directory: string): Promise<ResolvedModel> {
  return { name, directory, base: await loadBase(directory) };
}

async function resolveRegistered(config: DevnetConfig, id: number): Promise<ResolvedModel> {
  const context = await openContext(config, operatorToken(config), () => undefined);
  const bases = await registeredBases(context);
  const registered = bases.find(({ modelId }) => modelId === id);
  if (registered !== undefined) return resolveBase(`ol-${id}`, await directoryOf(config, registered));
  const published = (await publishedAdapters(context)).find(({ modelId }) => modelId === id);
  if (published === undefined) throw new CliError(`The chain has no model ${id}.`);
  const { terms } = published;
  const parent = bases.find(({ modelId }) => modelId === terms.parent);
  if (parent === undefined) throw new CliError(`The parent of model ${id} is not a base model.`);
  const directory = await directoryOf(config, parent);
  const base = await loadBase(directory);
  const { adapter: hash, datanets } = card.parse(
    JSON.parse(fromUtf8(await getBlob(context, parseStoreUri(terms.uri)))),
  );
  if (hash !== terms.adapterHash)
    throw new CliError(`The card of model ${id} names another adapter than the chain.`);
  const files = new Map<string, Uint8Array>();
  for (const file of parseFolderManifest(await getBlob(context, hash)).files)
    files.set(file.path, await getBlob(context, file.hash));
  const adapter = decodeAdapter(base.config, files);
  const { licence } = terms;
  return { name: `ol-${id}`, directory, base, adapter: { adapter, files, hash, datanets, licence } };
}

/** Every adapter in the registry. */
export async function publishedAdapters(context: Pick<ThreadContext, 'book' | 'chain'>) {
  const logs = await context.chain.getContractEvents({
    address: context.book.contracts.ModelRegistry,
    abi: modelRegistryAbi,
    eventName: 'AdapterPublished',
    fromBlock: BigInt(context.book.startBlock),
    strict: true,
  });
  return logs.map(({ args: { modelId, terms }, blockNumber }) => ({ modelId, terms, blockNumber }));
}

/** Where the base with these weights lies on this machine. */
async function directoryOf(
  config: DevnetConfig,
  { modelId, weightsHash }: { modelId: number; weightsHash: Hex },
): Promise<string> {
  const local = (await listBases(config)).find(({ card }) => card.weightsHash === weightsHash);
  if (local !== undefined) return local.directory;
  throw new CliError(
    `Base model ol-${modelId} is not on this machine. Import the folder whose weights hash to ${weightsHash}: openledger model import <folder>.`,
  );
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
