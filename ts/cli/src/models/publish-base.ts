import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashWeights, listBaseFiles } from '@openledger/engine/model/base';
import { modelRegistryAbi } from '@openledger/sdk/abis';
import { registerBase } from '@openledger/sdk/actions/register-base';
import { folderManifest, storeUri } from '@openledger/sdk/protocol/store';
import { CliError } from '../error.ts';
import type { ThreadContext, Wallet } from '../thread/context.ts';
import { putBlob } from '../thread/store.ts';
import type { LocalBase } from './library.ts';

/**
 * Registers a base model, and puts its files into the content store. A model whose weights are registered already is left
 * as it is.
 */
export async function publishBase(
  context: ThreadContext,
  wallet: Wallet,
  { directory, card }: LocalBase,
): Promise<{ modelId: number; isNew: boolean }> {
  const { weightsHash, tokenizerHash, licence } = card;
  const known = (await registeredBases(context)).find((base) => base.weightsHash === weightsHash);
  if (known !== undefined) return { modelId: known.modelId, isNew: false };
  const files = await Promise.all(
    (await listBaseFiles(directory)).map(async (path) => {
      const bytes = new Uint8Array(await readFile(join(directory, path)));
      return { path, size: bytes.length, hash: await putBlob(context, bytes) };
    }),
  );
  const weights = files.filter(({ path }) => path.endsWith('.safetensors')).map(({ hash }) => hash);
  if (hashWeights(weights) !== weightsHash)
    throw new CliError(
      `The weights in ${directory} are not those that were imported. Import the model again.`,
    );
  const folder = await putBlob(context, folderManifest(files).bytes);
  const terms = { weightsHash, tokenizerHash, licence, uri: storeUri(folder) };
  const { modelId } = await registerBase(wallet, { book: context.book, terms });
  return { modelId, isNew: true };
}

/** Every base model in the registry. */
export async function registeredBases(context: Pick<ThreadContext, 'book' | 'chain'>) {
  const logs = await context.chain.getContractEvents({
    address: context.book.contracts.ModelRegistry,
    abi: modelRegistryAbi,
    eventName: 'BaseRegistered',
    fromBlock: BigInt(context.book.startBlock),
    strict: true,
  });
  return logs.map(({ args }) => ({
    modelId: args.modelId,
    weightsHash: args.terms.weightsHash,
    licence: args.terms.licence,
  }));
}
