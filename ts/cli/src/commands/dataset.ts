import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type DatasetPolicy, prepareDataset } from '@openledger/engine/dataset/prepare';
import { ROW_REASONS, type RowReason } from '@openledger/engine/dataset/report';
import { reportTable } from '@openledger/engine/dataset/table';
import { croissantOf } from '@openledger/engine/export/croissant';
import { loadBase } from '@openledger/engine/model/base';
import { canonicalJson } from '@openledger/sdk/protocol/store';
import { Command, Option } from 'commander';
import { type Hex, isAddress } from 'viem';
import { datanetCandidates, fileCandidates } from '../datasets/candidates.ts';
import { datanetFacts } from '../datasets/datanet-facts.ts';
import { heldOutTexts } from '../datasets/held-out.ts';
import { readConfig } from '../devnet/config.ts';
import { operatorToken } from '../devnet/devnet.ts';
import { CliError } from '../error.ts';
import { SHIPPED_BASE } from '../models/library.ts';
import { openContext } from '../thread/context.ts';

type CheckFlags = {
  json?: boolean;
  use: 'commercial' | 'research';
  allow?: string[];
  exclude?: RowReason[];
  heldOut?: string[];
  licence: string;
  trainer?: string;
  phoneRegion?: string;
};

/** `openledger dataset …`. */
export function datasetCommand(): Command {
  const dataset = new Command('dataset').description('what a model may learn from');
  dataset
    .command('check <files-or-datanets...>')
    .description(
      'check licences, permissions, duplicates, sensitive rows and repeated evaluations; say what is left out and why',
    )
    .addOption(
      new Option('--use <use>', 'what the model is for')
        .choices(['commercial', 'research'])
        .default('commercial'),
    )
    .option('--allow <spdx...>', 'allow these licences and no others')
    .addOption(
      new Option('--exclude <kinds...>', 'leave such rows out; otherwise they are only reported').choices(
        ROW_REASONS,
      ),
    )
    .option('--held-out <files...>', 'find rows that repeat the questions of an evaluation: its rows as text')
    .option('--licence <spdx>', 'licence of the files', 'NOASSERTION')
    .option('--trainer <address>', 'who will train, for datanets that ask for a grant')
    .option('--phone-region <country>', 'also find phone numbers in the national form of, e.g., GB')
    .option('--json', 'print the report as JSON')
    .action(check);
  dataset
    .command('export <datanet>')
    .description('describe a datanet for others, as a Croissant 1.1 dataset (JSON-LD)')
    .option('--out <file>', 'write it there instead of printing it')
    .action(exportCommand);
  return dataset;
}

async function check(sources: string[], flags: CheckFlags): Promise<void> {
  const files = sources.filter((source) => existsSync(source));
  const datanets = sources.filter((source) => !files.includes(source));
  const wrong = datanets.find((source) => !/^[1-9]\d*$/.test(source));
  if (wrong !== undefined) throw new CliError(`"${wrong}" is neither a file nor the number of a datanet.`);
  if (files.length > 0 && datanets.length > 0)
    throw new CliError('Check files and datanets apart: files have no place in the order of commitments.');
  const policy = await policyOf(flags);
  const candidates =
    files.length > 0
      ? await fileCandidates(files, flags.licence)
      : await datanetCandidates(await connect(), datanets.map(Number), parseTrainer(flags.trainer));
  const { tokenizer } = await loadBase(SHIPPED_BASE);
  const { report } = prepareDataset(candidates, policy, (text) => tokenizer.encode(text).length);
  process.stdout.write(flags.json ? `${canonicalJson(report)}\n` : reportTable(report));
  if (report.totals.includedRows === 0) process.exitCode = 1;
}

async function exportCommand(datanet: string, flags: { out?: string }): Promise<void> {
  if (!/^[1-9]\d*$/.test(datanet)) throw new CliError(`"${datanet}" is not the number of a datanet.`);
  const { facts, candidates } = await datanetFacts(await connect(), Number(datanet));
  const accepted = candidates.filter(({ standing }) => standing === 'accepted');
  // What the rows hold does not depend on who may use them, and for what.
  const described = accepted.map((one) => ({ ...one, permission: 'open' as const, licence: 'CC0-1.0' }));
  const { report } = prepareDataset(described, { use: 'research' });
  const text = `${JSON.stringify(croissantOf(facts, report), null, 2)}\n`;
  if (flags.out === undefined) process.stdout.write(text);
  else await writeFile(flags.out, text);
}

function connect() {
  const config = readConfig();
  return openContext(config, operatorToken(config), () => undefined);
}

async function policyOf(flags: CheckFlags): Promise<DatasetPolicy> {
  const { use, allow, exclude } = flags;
  if (exclude?.includes('held-out') && flags.heldOut === undefined)
    throw new CliError(
      '--exclude held-out needs the texts that no row should repeat: --held-out <files...>.',
    );
  return {
    ...{ use, allowed: allow, exclude },
    phoneRegion: flags.phoneRegion as DatasetPolicy['phoneRegion'],
    heldOut: flags.heldOut === undefined ? undefined : await heldOutTexts(flags.heldOut),
  };
}

function parseTrainer(text: string | undefined): Hex | undefined {
  if (text === undefined || isAddress(text)) return text;
  throw new CliError(`--trainer: "${text}" is not an address (0x and 40 hexadecimal digits).`);
}
