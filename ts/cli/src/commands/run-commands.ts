import { DEVICES } from '@openledger/engine/runtime/profile';
import { type Command, Option } from 'commander';
import { readConfig } from '../devnet/config.ts';
import { ENGINE_HELP } from '../run/engine.ts';
import {
  DEFAULT_BASE,
  exportRun,
  haltRun,
  listAllRuns,
  printEvents,
  resumeRun,
  type StartOptions,
  showRun,
  startRun,
  verifyRunCommand,
} from './run.ts';

/** Adds `openledger run …`. */
export function addRunCommands(program: Command): void {
  const run = program
    .command('run')
    .description('training runs, on this machine (.openledger/runs) and at the node (ftjob-… ids)');
  addStart(run);
  run
    .command('list')
    .description('all runs, the newest first')
    .option('--node', 'also the jobs of the node')
    .option('--json', 'print JSON')
    .action((options) => listAllRuns(readConfig(), options));
  run
    .command('show <id>')
    .description('one run: its settings and how far it is')
    .option('--json', 'print JSON')
    .action((id, options) => showRun(readConfig(), id, options));
  run
    .command('events <id>')
    .description('what happened in a run')
    .option('-f, --follow', 'and what happens, until it stops')
    .option('--json', 'print one JSON line per event')
    .action((id, options) => printEvents(readConfig(), id, options));
  for (const request of ['pause', 'cancel'] as const) {
    run
      .command(`${request} <id>`)
      .description(
        request === 'pause' ? 'stop a run at its next step, until it is resumed' : 'stop a run for good',
      )
      .option('--json', 'print JSON')
      .action((id, options) => haltRun(readConfig(), id, request, options));
  }
  carryOptions(run.command('resume <id>').description('go on with a run that was paused or cut off')).action(
    (id, options) => resumeRun(readConfig(), id, options),
  );
  run
    .command('verify <id>')
    .description('execute steps of a run again from its checkpoints, and compare')
    .option('--steps <n>', 'how many steps', '3')
    .option('--random', 'draw the steps instead of spreading them evenly')
    .option(
      '--claimed <file>',
      'dispute this step log: find the first step at which it differs, and judge it',
    )
    .option('--threads <n>', 'threads per operator')
    .option('--json', 'print JSON')
    .action((id, options) => verifyRunCommand(readConfig(), id, options));
  run
    .command('export <id> <folder>')
    .description('copy the result, its manifest and its step log to a folder')
    .option('--json', 'print JSON')
    .action((id, folder, options) => exportRun(readConfig(), id, folder, options));
}

function addStart(run: Command): void {
  const start = run
    .command('start')
    .description('train an adapter, or a whole model')
    .option(
      '--data <files...>',
      'files of rows, one blank line between rows; file@weight counts its rows more often',
    )
    .option('--datanet <ids...>', 'train at the node on these datanets instead, to publish')
    .option('--manifest <file>', 'repeat the run that this manifest describes, on the rows of --data')
    .option('--base <folder>', 'base model in Hugging Face layout', DEFAULT_BASE)
    .option('--name <name>', 'what to call the run')
    .option('--engine <engine>', ENGINE_HELP, 'embedded')
    .option('--mode <mode>', 'lora or full (every weight)')
    .option('--profile <profile>', 'exact (the same bits everywhere) or native (faster)')
    .option('--format <format>', 'chat (first line asks, the rest answers) or text')
    .option('--epochs <n>', 'how often each row is seen')
    .option('--rank <n>', 'LoRA rank')
    .option('--alpha <x>', 'LoRA alpha')
    .option('--rslora', 'scale by alpha/√rank')
    .option('--targets <layers...>', 'linear layers that get LoRA matrices')
    .option('--quantization <how>', 'none, or q4: frozen weights in blocks of 4 bits')
    .option('--lr <x>', 'peak learning rate')
    .option('--schedule <shape>', 'cosine or linear')
    .option('--warmup <n>', 'steps until the peak')
    .option('--weight-decay <x>', 'AdamW’s decay of matrices')
    .option('--clip <x>', 'largest norm of a gradient; 0: any')
    .option('--eps-root <x>', 'added under Adam’s root')
    .option('--batch <n>', 'rows per run of the graph')
    .option('--accumulation <n>', 'runs of the graph per step')
    .option('--packing <how>', 'none, simple or documents (nothing is seen across rows)')
    .option('--lengths <n...>', 'allowed lengths of rows, in tokens')
    .option('--validation <share>', 'share of the rows that is measured and never trained on')
    .option('--evaluate-every <n>', 'steps between measurements')
    .option('--patience <n>', 'measurements without a new best until the run stops')
    .option('--keep <which>', 'last or best: which weights are the result')
    .option('--seed <n>', 'decides the order of data and the first weights')
    .option('--detach', 'return at once; the run goes on');
  carryOptions(start).action((options: StartOptions) => startRun(readConfig(), options));
}

function carryOptions(command: Command): Command {
  return command
    .option('--threads <n>', 'threads per operator; does not change the result')
    .addOption(
      new Option(
        '--device <provider>',
        'where a native run computes; others than cpu need their drivers',
      ).choices(DEVICES),
    )
    .option('--checkpoint-every <n>', 'steps between checkpoints')
    .option('--keep-checkpoints <n>', 'how many of the newest checkpoints stay')
    .option('--json', 'print one JSON line per event');
}
