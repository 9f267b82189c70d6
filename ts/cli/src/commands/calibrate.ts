import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Calibration, calibrate } from '@openledger/engine/calibration/calibrate';
import { textTable } from '@openledger/engine/dataset/text-table';
import { manifestSchema, runIdOf } from '@openledger/engine/training/manifest';
import { splitRows } from '@openledger/engine/training/rows';
import { fromUtf8, utf8 } from '@openledger/sdk/protocol/bytes';
import { canonicalJson, hashSchema, parseStoreUri, storeUri } from '@openledger/sdk/protocol/store';
import { Command } from 'commander';
import { z } from 'zod';
import { readConfig } from '../devnet/config.ts';
import { operatorToken } from '../devnet/devnet.ts';
import { CliError } from '../error.ts';
import { publishedAdapters, resolveModel } from '../models/resolve.ts';
import { bar } from '../thread/bar.ts';
import { openContext, type ThreadContext } from '../thread/context.ts';
import { getBlob, putBlob } from '../thread/store.ts';

type Flags = { subsets: string; queries: string; seed: string; exact?: boolean; json?: boolean };

/** What of a model card a calibration needs. */
const runCard = z.object({
  runManifest: hashSchema,
  contributions: z.array(z.object({ asset: z.number(), uri: z.string(), datanet: z.number() })),
});

/** `openledger model calibrate …`. */
export function calibrateCommand(): Command {
  return new Command('calibrate')
    .description(
      'train a published adapter again on parts of its data, and measure its influence scores by that',
    )
    .argument('<model>', 'ol-<id> of an adapter')
    .option('--subsets <count>', 'how many halves of the rows are trained on', '24')
    .option('--queries <count>', 'how many answers are attributed', '24')
    .option('--seed <number>', 'decides the halves and the answers', '1')
    .option('--exact', 'train in the exact profile: slower, the same figures on every machine')
    .option('--json', 'print the result as JSON')
    .action(calibrateAdapter);
}

async function calibrateAdapter(name: string, flags: Flags): Promise<void> {
  const config = readConfig();
  const context = await openContext(config, operatorToken(config), () => undefined);
  const { base, adapter } = await resolveModel(config, name);
  if (adapter?.hash === undefined) {
    throw new CliError(`${name} is no published adapter. \`openledger model list\` shows those that are.`);
  }
  const { manifest, rows } = await runOf(context, name);
  const result = await calibrate({
    base,
    manifest,
    rows,
    subsets: positive('--subsets', flags.subsets),
    queries: positive('--queries', flags.queries),
    seed: positive('--seed', flags.seed),
    profile: flags.exact ? 'exact' : 'native',
    onProgress: (done, total) => {
      if (process.stderr.isTTY) {
        process.stderr.write(`\r${bar(done / total)} run ${done} of ${total}${done === total ? '\n' : ''}`);
      }
    },
  });
  const json = canonicalJson(result);
  const folder = join(config.home, 'calibrations');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${json}\n`);
  const uri = storeUri(await putBlob(context, utf8(json)));
  process.stdout.write(flags.json ? `${json}\n` : `${table(result)}\n\n${uri}\n`);
}

/** The run of a published adapter and its rows, from the content store. */
async function runOf(context: ThreadContext, name: string) {
  const published = await publishedAdapters(context);
  const found = published.find(({ modelId }) => name === `ol-${modelId}`);
  if (found === undefined) throw new CliError(`The chain has no adapter ${name}.`);
  const { terms } = found;
  const load = async (hash: ReturnType<typeof parseStoreUri>) => fromUtf8(await getBlob(context, hash));
  const card = runCard.parse(JSON.parse(await load(parseStoreUri(terms.uri))));
  const manifest = manifestSchema.parse(JSON.parse(await load(card.runManifest)));
  if (runIdOf(manifest) !== terms.runId) {
    throw new CliError(`The card of ${name} names another run than the chain.`);
  }
  const rows = [];
  for (const { asset, uri, datanet } of card.contributions) {
    const text = await load(parseStoreUri(uri));
    rows.push(...splitRows(asset, text).map((row) => ({ ...row, datanet })));
  }
  return { manifest, rows };
}

function table({ lds, noiseAuc, recall, subsets, drop, queries, profile }: Calibration): string {
  const figure = (value: number) => value.toFixed(3);
  return textTable(
    ['measure', 'value', 'how'],
    [
      [
        'rank correlation with retraining (LDS)',
        `${figure(lds.value)} [${figure(lds.low)}, ${figure(lds.high)}]`,
        `${subsets} ${profile} runs without ${100 * drop} % of the rows, ${queries} answers`,
      ],
      ['noise noticed (AUC)', figure(noiseAuc), 'self-influence of rows whose answers were shuffled'],
      [`source among the first ${recall.best}`, figure(recall.value), 'reworded questions of known rows'],
    ],
  );
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new CliError(`${flag} is a whole number from 1 on.`);
  return value;
}
