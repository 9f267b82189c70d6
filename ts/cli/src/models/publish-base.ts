import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hashWeights, listBaseFiles } from '@openledger/engine/model/base';
import { modelRegistryAbi } from '@openledger/sdk/abis';
import { registerBase } from '@openledger/sdk/actions/register-base';
import { type FolderFile, folderManifest, storeUri } from '@openledger/sdk/protocol/store';
import { CliError } from '../error.ts';
import type { ThreadContext, Wallet } from '../thread/context.ts';
import { putBlob } from '../thread/store.ts';
import type { LocalBase } from './library.ts';

/** Node reads and sends no larger file at once. */
const MOST_IN_A_BLOB = 2 ** 31 - 1;

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
  const files: FolderFile[] = [];
  for (const path of await listBaseFiles(directory)) {
    const { size } = await stat(join(directory, path));
    if (size >= MOST_IN_A_BLOB)
      throw new CliError(
        `${path} has ${(size / 2 ** 30).toFixed(1)} GiB, and a blob of the content store holds 2 GiB. Save the model in several files (save_pretrained(…, max_shard_size="1GB")), and import it again.`,
      );
    // One after the other: together they may be more than memory holds.
    const bytes = new Uint8Array(await readFile(join(directory, path)));
    files.push({ path, size, hash: await putBlob(context, bytes) });
  }
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
