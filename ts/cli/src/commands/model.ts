import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { textTable } from '@openledger/engine/dataset/text-table';
import { evaluateModel } from '@openledger/engine/evaluation/evaluate';
import { evaluationTable } from '@openledger/engine/evaluation/table';
import { exportModel, MODEL_FORMATS } from '@openledger/engine/export/folder';
import { mergeAdapter } from '@openledger/engine/export/merge';
import { trainingSummary } from '@openledger/engine/export/training-summary';
import { canonicalJson } from '@openledger/sdk/protocol/store';
import { Command, Option } from 'commander';
import { ACCOUNT, readConfig } from '../devnet/config.ts';
import { operatorToken } from '../devnet/devnet.ts';
import { CliError } from '../error.ts';
import { chainData, worldData } from '../models/evaluation-data.ts';
import { importBase, type LocalBase, listBases, readable } from '../models/library.ts';
import { publishBase, registeredBases } from '../models/publish-base.ts';
import { anchorJob, openJobRun, publishJob, type TrainingJob } from '../models/publish-job.ts';
import { readmeOf } from '../models/readme.ts';
import { publishedAdapters, type ResolvedModel, resolveModel } from '../models/resolve.ts';
import { trainingContent } from '../models/training-content.ts';
import { nodeJson, openContext, walletOf } from '../thread/context.ts';
import { calibrateCommand } from './calibrate.ts';

const FORMATS = ['peft', ...MODEL_FORMATS] as const;
type Format = (typeof FORMATS)[number];

/** `openledger model …`. */
export function modelCommand(): Command {
  const model = new Command('model').description(
    'base models and adapters: import, publish, export, evaluate, calibrate',
  );
  model
    .command('import <folder>')
    .description('check a base model in Hugging Face layout and copy it into the library')
    .requiredOption('--licence <spdx>', 'under which licence it is')
    .option('--name <name>', 'what to call it here; default: the name of the folder')
    .action(importCommand);
  model
    .command('list')
    .description('the models on this machine and, where a chain answers, in the registry')
    .option('--json', 'print them as JSON')
    .action(listCommand);
  model
    .command('publish <name-or-job>')
    .description('register a local base model, or publish the adapter of a finished training job (ftjob-…)')
    .option(
      '--account <index>',
      'which account of the devnet signs; default: the builder',
      String(ACCOUNT.builder),
    )
    .action(publishCommand);
  model
    .command('export <model>')
    .description('write a model for others: a name, ol-<id>, or a folder')
    .requiredOption('--out <folder>', 'where to; must be empty or missing')
    .addOption(
      new Option(
        '--format <format>',
        'peft: the adapter alone; the others: a whole model, with the adapter merged in',
      )
        .choices(FORMATS)
        .default('safetensors'),
    )
    .option('--half', 'store safetensors in half precision')
    .option('--base <model>', 'the base of an adapter that is a folder', 'base')
    .action(exportCommand);
  model
    .command('evaluate <model>')
    .description('perplexity per datanet, exact answers, and answers side by side, beside the base model')
    .option('--base <model>', 'the base of an adapter that is a folder', 'base')
    .option('--prompt <prompts...>', 'questions to answer side by side')
    .option('--out <file>', 'also write the result there as JSON')
    .option('--json', 'print the result as JSON')
    .action(evaluateCommand);
  model
    .command('summary <model>')
    .description('draft the summary of training content that the EU AI Act asks for (ol-<id>)')
    .option('--out <file>', 'write it there instead of printing it')
    .action(summaryCommand);
  return model.addCommand(calibrateCommand());
}

async function importCommand(folder: string, flags: { licence: string; name?: string }): Promise<void> {
  const name = flags.name ?? basename(resolve(folder)).toLowerCase();
  const { directory, card } = await importBase(readConfig(), folder, { name, licence: flags.licence });
  console.log(
    [
      `Imported ${name}: ${card.parameters} parameters, ${card.licence}.`,
      `  weights    ${card.weightsHash}`,
      `  tokenizer  ${card.tokenizerHash}`,
      `Serve it with \`openledger node --base ${directory}\`; register it with \`openledger model publish ${name}\`.`,
    ].join('\n'),
  );
}

async function listCommand(flags: { json?: boolean }): Promise<void> {
  const config = readConfig();
  const bases = await listBases(config);
  const chain = await registryOf(config).catch(() => undefined);
  const idOf = ({ card }: LocalBase) =>
    chain?.bases.find(({ weightsHash }) => weightsHash === card.weightsHash)?.modelId ?? null;
  if (flags.json) {
    const local = bases.map((base) => ({ ...base.card, directory: base.directory, modelId: idOf(base) }));
    console.log(JSON.stringify({ local, adapters: chain?.adapters ?? null }));
    return;
  }
  const rows = bases.map((base) => {
    const { name, parameters, licence, weightsHash } = base.card;
    const id = idOf(base);
    return [name, id === null ? '—' : `ol-${id}`, 'base', parameters, licence, weightsHash.slice(0, 18)];
  });
  const adapters = (chain?.adapters ?? []).map(({ modelId, parent, licence, adapterHash }) => [
    ...['—', `ol-${modelId}`, `adapter of ol-${parent}`],
    ...['', licence, adapterHash.slice(0, 18)],
  ]);
  console.log(
    textTable(['name', 'registered', 'kind', 'parameters', 'licence', 'hash'], [...rows, ...adapters]),
  );
  if (chain === undefined) console.log('\nNo chain answers, so only the models on this machine are listed.');
}

async function registryOf(config: ReturnType<typeof readConfig>) {
  const context = await openContext(config, operatorToken(config), () => undefined);
  const adapters = (await publishedAdapters(context)).map(({ modelId, terms }) => ({
    modelId,
    parent: terms.parent,
    licence: terms.licence,
    adapterHash: terms.adapterHash,
    datanets: terms.datanets,
  }));
  return { bases: await registeredBases(context), adapters };
}

async function publishCommand(name: string, flags: { account: string }): Promise<void> {
  const config = readConfig();
  const context = await openContext(config, operatorToken(config), console.log);
  const index = Number(flags.account);
  if (!Number.isSafeInteger(index) || index < 0) throw new CliError('--account is the number of an account.');
  const wallet = walletOf(context, index);
  if (name.startsWith('ftjob-')) {
    const job = await nodeJson<TrainingJob>(context, `/v1/fine_tuning/jobs/${name}`);
    if (job.result === null)
      throw new CliError(`The job ${name} is ${job.status}: it has no adapter to publish.`);
    await openJobRun(context, wallet, job.openRun);
    for (const anchor of job.result.anchors) await anchorJob(context, wallet, anchor);
    console.log(`Published as ol-${await publishJob(context, wallet, job.result.publish)}.`);
    return;
  }
  const base = (await listBases(config)).find(({ card }) => card.name === name);
  if (base === undefined)
    throw new CliError(`There is no local base model "${name}". \`openledger model list\` shows them.`);
  const { modelId, isNew } = await publishBase(context, wallet, base);
  console.log(
    isNew ? `Registered ${name} as ol-${modelId}.` : `${name} is registered already, as ol-${modelId}.`,
  );
}

async function exportCommand(
  name: string,
  flags: { out: string; format: Format; half?: boolean; base: string },
): Promise<void> {
  const { out: target, format } = flags;
  if ((await readdir(target).catch(() => [])).length > 0)
    throw new CliError(`${target} is not empty. Name a new folder with --out.`);
  const config = readConfig();
  const model = await resolveModel(config, name, flags.base);
  if (format === 'peft') {
    await exportAdapter(model, target);
  } else {
    const { base, adapter, directory: source } = model;
    const { weights } = base;
    if (adapter !== undefined) mergeAdapter(base.config, weights, adapter.adapter, weights);
    const stored = flags.half ? 'F16' : 'F32';
    await readable(() => exportModel({ source, target, config: base.config, weights, format, stored }));
    await writeFile(join(target, 'README.md'), await readmeFor(model, format));
  }
  console.log(`Wrote ${name} to ${target} (${format}).`);
}

/** The files of an adapter as they were published or found. */
async function exportAdapter({ name, adapter }: ResolvedModel, target: string): Promise<void> {
  if (adapter === undefined)
    throw new CliError(`${name} is a base model. --format peft writes adapters; take safetensors or onnx.`);
  await mkdir(target, { recursive: true });
  for (const [path, bytes] of adapter.files) await writeFile(join(target, path), bytes);
}

async function readmeFor(model: ResolvedModel, format: Exclude<Format, 'peft'>): Promise<string> {
  const { name, base, adapter, directory } = model;
  const local = (await listBases(readConfig())).find((one) => one.directory === directory);
  const usage =
    format === 'safetensors'
      ? `// Python: AutoModelForCausalLM.from_pretrained(folder)`
      : `const generate = await pipeline('text-generation', folder, { dtype: '${format === 'onnx' ? 'fp32' : 'q4'}' });`;
  return readmeOf({
    name,
    licence: adapter?.licence ?? local?.card.licence ?? 'other',
    weightsHash: base.weightsHash,
    tokenizerHash: base.tokenizerHash,
    adapter,
    usage,
  });
}

async function summaryCommand(name: string, flags: { out?: string }): Promise<void> {
  const id = /^ol-([1-9]\d*)$/.exec(name)?.[1];
  if (id === undefined) throw new CliError(`"${name}" is not a registered adapter: name it as ol-<id>.`);
  const config = readConfig();
  const context = await openContext(config, operatorToken(config), () => undefined);
  const text = trainingSummary(await trainingContent(context, Number(id)));
  if (flags.out === undefined) process.stdout.write(text);
  else await writeFile(flags.out, text);
}

async function evaluateCommand(
  name: string,
  flags: { base: string; prompt?: string[]; out?: string; json?: boolean },
): Promise<void> {
  const config = readConfig();
  const { base, adapter } = await resolveModel(config, name, flags.base);
  const onChain = adapter?.hash !== undefined;
  const { datanets, tasks } = onChain
    ? await chainData(await openContext(config, operatorToken(config), () => undefined), adapter.datanets)
    : worldData();
  const result = await evaluateModel({
    base,
    adapter: adapter?.adapter,
    adapterHash: adapter?.hash,
    datanets,
    tasks,
    prompts: flags.prompt ?? tasks[0]?.questions.slice(0, 3).map(({ question }) => question) ?? [],
    onStage: (stage) => process.stderr.write(`${stage} …\n`),
  });
  if (flags.out !== undefined) await writeFile(flags.out, `${canonicalJson(result)}\n`);
  process.stdout.write(flags.json ? `${canonicalJson(result)}\n` : evaluationTable(result));
}
