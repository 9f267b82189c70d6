import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSpdxExpression } from '@openledger/engine/dataset/licences';
import { checkBase, describeConfig } from '@openledger/engine/export/inspect';
import { parseLlamaConfig } from '@openledger/engine/llama/config';
import { type BaseModel, listBaseFiles, loadBase } from '@openledger/engine/model/base';
import { hashSchema } from '@openledger/sdk/protocol/store';
import { z } from 'zod';
import { type DevnetConfig, root } from '../devnet/config.ts';
import { CliError } from '../error.ts';

/** The base model that ships with OpenLedger. */
export const SHIPPED_BASE = join(root, 'ts/models/base');

const CARD = 'openledger.json';
const natural = z.number().int().min(0);

/** What is known of an imported base model; lies beside its files as `openledger.json`. */
const baseCard = z.object({
  type: z.literal('base'),
  version: z.literal(1),
  name: z.string(),
  /** SPDX expression. */
  licence: z.string(),
  weightsHash: hashSchema,
  tokenizerHash: hashSchema,
  parameters: natural,
  layers: natural,
  hiddenSize: natural,
  vocabSize: natural,
  contextLength: natural,
});
export type BaseCard = z.infer<typeof baseCard>;

/** A base model on this machine. */
export type LocalBase = { readonly directory: string; readonly card: BaseCard };

/** What is being copied; a copy that was cut off is removed by the next import of that name. */
const INCOMING = '.incoming';

const library = (config: Pick<DevnetConfig, 'home'>) => join(config.home, 'models');

/** Copies a model in Hugging Face layout into the library after checking that this engine can run it. */
export async function importBase(
  config: Pick<DevnetConfig, 'home'>,
  source: string,
  options: { name: string; licence: string },
): Promise<LocalBase> {
  const { name, licence } = options;
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name) || name === 'base' || name.startsWith('ol-'))
    throw new CliError(
      `"${name}" cannot be a model's name: use small letters, digits, dots and dashes; "base" and "ol-…" are taken.`,
    );
  const directory = join(library(config), name);
  if ((await stat(directory).catch(() => undefined)) !== undefined)
    throw new CliError(`There is a model "${name}" already, in ${directory}. Choose another --name.`);
  if (!isSpdxExpression(licence))
    throw new CliError(
      `"${licence}" is not an SPDX licence. Say e.g. --licence Apache-2.0 (https://spdx.org/licenses).`,
    );
  const card = await readable(async () => {
    const base = await loadBase(source);
    checkBase(base);
    return cardOf(name, licence, base);
  });
  const incoming = `${directory}${INCOMING}`;
  await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming, { recursive: true });
  try {
    for (const file of await listBaseFiles(source)) await copyFile(join(source, file), join(incoming, file));
    await writeFile(join(incoming, CARD), `${JSON.stringify(card, null, 2)}\n`);
    await rename(incoming, directory);
  } catch (cause) {
    await rm(incoming, { recursive: true, force: true });
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
    throw new CliError(`The disk is full: ${source} does not fit into ${library(config)}. Make room.`, {
      cause,
    });
  }
  return { directory, card };
}

/** Every base model on this machine, the one that ships first. */
export async function listBases(config: Pick<DevnetConfig, 'home'>): Promise<LocalBase[]> {
  const found = await readdir(library(config)).catch(() => []);
  const names = found.filter((name) => !name.endsWith(INCOMING));
  const imported = await Promise.all(
    names.toSorted().map(async (name) => {
      const directory = join(library(config), name);
      const text = await readFile(join(directory, CARD), 'utf8').catch(() => undefined);
      return text === undefined ? undefined : { directory, card: baseCard.parse(JSON.parse(text)) };
    }),
  );
  return [await shippedBase(), ...imported.filter((base) => base !== undefined)];
}

/** The base model that ships, described by the hashes that lie beside it. */
export async function shippedBase(): Promise<LocalBase> {
  const readJson = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(SHIPPED_BASE, name), 'utf8'));
  const hashes = z.object({ weightsHash: hashSchema, tokenizerHash: hashSchema });
  const config = parseLlamaConfig(await readJson('config.json'));
  const card = cardOf('base', 'MIT', { config, ...hashes.parse(await readJson('hashes.json')) });
  return { directory: SHIPPED_BASE, card };
}

function cardOf(
  name: string,
  licence: string,
  { config, weightsHash, tokenizerHash }: Pick<BaseModel, 'config' | 'weightsHash' | 'tokenizerHash'>,
): BaseCard {
  return { type: 'base', version: 1, name, licence, weightsHash, tokenizerHash, ...describeConfig(config) };
}

/** What is wrong with somebody's files is theirs to mend: the message says it all. */
export async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
