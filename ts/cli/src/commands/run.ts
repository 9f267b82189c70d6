import { spawn } from 'node:child_process';
import { cp, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Device } from '@openledger/engine/runtime/profile';
import { readEvents } from '@openledger/engine/training/event-log';
import type { RunEvent } from '@openledger/engine/training/run';
import { RUN_FILES } from '@openledger/engine/training/run-folder';
import {
  carryOut,
  createRun,
  findRun,
  followRun,
  listRuns,
  type Run,
  stopRun,
} from '@openledger/engine/training/runs';
import { z } from 'zod';
import { type DevnetConfig, root } from '../devnet/config.ts';
import { CliError } from '../error.ts';
import { engineFor } from '../run/engine.ts';
import { createFileRun, parseDataArgument, readManifest, runOptionsSchema } from '../run/file-run.ts';
import {
  controlNodeJob,
  createNodeJob,
  followNodeJob,
  isNodeJob,
  listNodeJobs,
  type NodeJob,
  readNodeJob,
} from '../run/node-jobs.ts';
import { createPrinter, describeNodeJob, describeRun } from '../run/print.ts';
import { type Check, disputeLog, verifyRun } from '../run/verify.ts';

/** What `run start` was asked for. */
export type StartOptions = {
  readonly data?: string[];
  readonly datanet?: string[];
  readonly manifest?: string;
  readonly base: string;
  readonly name?: string;
  readonly engine: string;
  readonly detach?: boolean;
} & CarryOptions &
  Record<string, unknown>;

type CarryOptions = {
  readonly threads?: string;
  readonly device?: Device;
  readonly checkpointEvery?: string;
  readonly keepCheckpoints?: string;
  readonly json?: boolean;
};

/** The base model that ships here. */
export const DEFAULT_BASE = join(root, 'ts/models/base');

const runsOf = (config: DevnetConfig) => join(config.home, 'runs');

/** Starts a run on this machine from files, or at the node from datanets. */
export async function startRun(config: DevnetConfig, options: StartOptions): Promise<void> {
  const parsed = runOptionsSchema.safeParse(options);
  if (!parsed.success) throw new CliError(`Bad option: ${z.prettifyError(parsed.error)}`);
  const { device = 'cpu' } = options;
  if (device !== 'cpu' && (options.datanet !== undefined || options.profile !== 'native')) {
    throw new CliError('--device is for native runs on this machine: add --profile native, with --data.');
  }
  if (options.datanet !== undefined) return startAtNode(config, options, options.datanet);
  if (options.data === undefined) {
    throw new CliError(
      'Name the data: --data <files…> for a run on this machine, --datanet <ids…> for one at the node.',
    );
  }
  engineFor(options.engine);
  const base = resolve(options.base);
  const made = await createFileRun(base, options.data, parsed.data);
  const manifest = options.manifest === undefined ? made.manifest : await readManifest(options.manifest);
  const { path } = parseDataArgument(options.data[0]);
  const name =
    options.name ??
    path
      .split('/')
      .at(-1)!
      .replace(/\.\w+$/, '');
  const { engine } = options;
  const run = await createRun(runsOf(config), { manifest, rows: made.rows, base, name, engine });
  if (options.detach) return detach(run, options);
  await carry(run, options);
}

/** Goes on with a run that was paused or cut off. */
export async function resumeRun(config: DevnetConfig, id: string, options: CarryOptions): Promise<void> {
  if (isNodeJob(id)) return printJob(await controlNodeJob(config, id, 'resume'), options.json);
  await carry(await find(config, id), options);
}

export async function listAllRuns(
  config: DevnetConfig,
  options: { json?: boolean; node?: boolean },
): Promise<void> {
  const jobs = options.node ? await listNodeJobs(config) : [];
  const runs = await Promise.all((await listRuns(runsOf(config))).map(withProgress));
  if (options.json) return void console.log(JSON.stringify([...runs, ...jobs]));
  for (const run of runs) console.log(describeRun(run, run.step, run.loss));
  for (const job of jobs) console.log(describeNodeJob(job));
  if (runs.length + jobs.length === 0)
    console.log('No runs yet. `openledger run start --help` says how to start one.');
}

export async function showRun(config: DevnetConfig, id: string, options: { json?: boolean }): Promise<void> {
  if (isNodeJob(id)) return printJob(await readNodeJob(config, id), options.json);
  const run = await withProgress(await find(config, id));
  if (options.json) return void console.log(JSON.stringify(run));
  console.log(describeRun(run, run.step, run.loss));
  const manifest = await readManifest(join(run.folder, RUN_FILES.manifest));
  const { data, lora, batches, runtime } = manifest;
  console.log(`id          ${run.id}`);
  console.log(
    `data        ${data.rowCount} rows of ${data.contributions.length} contributions, format ${data.format}`,
  );
  console.log(
    `trains      ${lora === undefined ? 'all weights' : `LoRA, rank ${lora.rank}, alpha ${lora.alpha}, on ${lora.targets.join(' ')}`}`,
  );
  console.log(`batches     ${batches.batch} × ${batches.accumulation}, packing ${batches.packing}`);
  console.log(`arithmetic  ${runtime.profile}, ${runtime.package}`);
  console.log(`folder      ${run.folder}`);
  if (run.error !== undefined) console.log(`error       ${run.error}`);
}

export async function printEvents(
  config: DevnetConfig,
  id: string,
  options: { json?: boolean; follow?: boolean },
): Promise<void> {
  const { totalSteps, events } = await eventsOf(config, id, options.follow ?? false);
  const printer = createPrinter(totalSteps, options.json ?? false);
  for await (const event of events) printer.event(event);
  printer.end();
}

async function eventsOf(config: DevnetConfig, id: string, follow: boolean) {
  if (isNodeJob(id)) {
    const { totalSteps } = await readNodeJob(config, id);
    return { totalSteps, events: followNodeJob(config, id, follow) };
  }
  const run = await find(config, id);
  return { totalSteps: run.steps, events: followRun(run, follow ? new AbortController().signal : undefined) };
}

/** Pauses or cancels a run, whoever's process it is in. */
export async function haltRun(
  config: DevnetConfig,
  id: string,
  request: 'pause' | 'cancel',
  options: { json?: boolean },
): Promise<void> {
  if (isNodeJob(id)) return printJob(await controlNodeJob(config, id, request), options.json);
  const run = await withProgress(await stopRun(await find(config, id), request).catch(readable));
  console.log(options.json ? JSON.stringify(run) : describeRun(run, run.step, run.loss));
}

export async function verifyRunCommand(
  config: DevnetConfig,
  id: string,
  options: { steps: string; random?: boolean; claimed?: string; threads?: string; json?: boolean },
): Promise<void> {
  if (isNodeJob(id)) {
    throw new CliError(
      'A run at the node is verified from what it published: `openledger run verify` reads local runs.',
    );
  }
  const run = await find(config, id);
  const steps = z.coerce.number().int().positive().parse(options.steps);
  const threads = number(options.threads);
  const checks: Check[] = [];
  const add = (check: Check) => {
    checks.push(check);
    if (!options.json) console.log(`${check.ok ? 'ok    ' : 'FAILED'} ${check.name}: ${check.detail}`);
  };
  if (options.claimed !== undefined) add(await disputeLog(run, options.claimed, threads));
  else
    for await (const check of verifyRun({ run, steps, random: options.random ?? false, threads })) add(check);
  const ok = checks.every((check) => check.ok);
  if (options.json) console.log(JSON.stringify({ run: run.id, profile: run.profile, ok, checks }));
  if (!ok) process.exitCode = 1;
}

/** Copies a run's result, with its manifest and step log, to a folder. */
export async function exportRun(
  config: DevnetConfig,
  id: string,
  target: string,
  options: { json?: boolean },
): Promise<void> {
  const run = await find(config, id);
  if (run.status !== 'succeeded')
    throw new CliError(`The run ${run.name} is ${run.status}; it has no result yet.`);
  const out = resolve(target);
  await cp(join(run.folder, RUN_FILES.result), out, {
    recursive: true,
    errorOnExist: true,
    force: false,
  }).catch((cause: unknown) => {
    throw new CliError(`${out} cannot be written, or holds files already. Name another folder.`, { cause });
  });
  await cp(join(run.folder, RUN_FILES.manifest), join(out, 'run-manifest.json'));
  await cp(join(run.folder, RUN_FILES.work, 'steps.jsonl'), join(out, 'steps.jsonl'));
  console.log(
    options.json ? JSON.stringify({ run: run.id, folder: out }) : `The result of ${run.name} is in ${out}.`,
  );
}

async function startAtNode(config: DevnetConfig, options: StartOptions, datanets: string[]): Promise<void> {
  const {
    lr,
    clip,
    rslora,
    validation,
    mode: _,
    profile: __,
    format: ___,
    lengths: ____,
    patience,
    ...rest
  } = runOptionsSchema.parse(options);
  if (patience)
    throw new CliError('A run at the node is published, and ends at the step that it was opened with.');
  const job = await createNodeJob(config, {
    name: options.name,
    datanets: datanets.map(Number),
    settings: {
      ...rest,
      learningRate: lr,
      clipNorm: clip,
      rankStabilised: rslora,
      validationShare: validation,
    },
  });
  printJob(job, options.json);
  if (options.detach) return;
  const printer = createPrinter(job.totalSteps, options.json ?? false);
  for await (const event of followNodeJob(config, job.id, true)) printer.event(event);
  printer.end();
}

/** Carries a run out in this process, or wherever its engine does; Ctrl-C pauses it. */
async function carry(run: Run, options: CarryOptions): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort('pause'));
  process.once('SIGTERM', () => stop.abort('pause'));
  const printer = createPrinter(run.steps, options.json ?? false);
  const events = carryOut(run, engineFor(run.engine), {
    signal: stop.signal,
    threads: number(options.threads),
    device: options.device,
    checkpointEvery: number(options.checkpointEvery),
    keepCheckpoints: number(options.keepCheckpoints),
  });
  if (!options.json) console.log(`run ${run.id.slice(2, 14)}  ${run.name}`);
  let ended = await events.next().catch(readable);
  for (; !ended.done; ended = await events.next().catch(readable)) printer.event(ended.value);
  printer.end();
  const { status, folder } = ended.value;
  if (options.json) console.log(JSON.stringify({ type: 'run', ...ended.value }));
  else if (status === 'succeeded') console.log(`The result is in ${join(folder, RUN_FILES.result)}.`);
  else console.log(`The run is ${status}. \`openledger run resume ${run.id.slice(2, 14)}\` goes on with it.`);
}

/** Carries a run out in a process that outlives this one. */
async function detach(run: Run, options: CarryOptions): Promise<void> {
  const log = await open(join(run.folder, 'log.txt'), 'a');
  const flags = ['threads', 'device', 'checkpointEvery', 'keepCheckpoints'].flatMap((name) => {
    const value = options[name as keyof CarryOptions];
    return value === undefined
      ? []
      : [`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, String(value)];
  });
  const args = [join(root, 'ts/cli/src/main.ts'), 'run', 'resume', run.id, '--json', ...flags];
  spawn(process.execPath, args, { detached: true, stdio: ['ignore', log.fd, log.fd] }).unref();
  await log.close();
  if (options.json) console.log(JSON.stringify(run));
  else
    console.log(
      `run ${run.id.slice(2, 14)}  ${run.name} goes on by itself. Follow it with \`openledger run events -f\`.`,
    );
}

async function withProgress(run: Run): Promise<Run & { step: number; loss?: number }> {
  const events = await readEvents<RunEvent>(join(run.folder, RUN_FILES.work));
  const last = events.findLast((event) => event.type === 'step');
  return { ...run, step: last?.step ?? 0, loss: last?.loss };
}

const find = (config: DevnetConfig, id: string) => findRun(runsOf(config), id).catch(readable);

function readable(error: unknown): never {
  throw error instanceof Error ? new CliError(error.message, { cause: error }) : error;
}

function printJob(job: NodeJob, json: boolean | undefined): void {
  console.log(json ? JSON.stringify(job) : describeNodeJob(job));
}

const number = (text: string | undefined) =>
  text === undefined ? undefined : z.coerce.number().int().positive().parse(text);
