#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { AddressBookError } from '@openledger/sdk/addresses';
import { ProtocolError } from '@openledger/sdk/protocol/bytes';
import { Command } from 'commander';
import { caseCommand } from './commands/case.ts';
import { channelCommand } from './commands/channel.ts';
import { datasetCommand } from './commands/dataset.ts';
import { down, status } from './commands/devnet.ts';
import { type ExplainFlags, explainCommand } from './commands/explain.ts';
import { modelCommand } from './commands/model.ts';
import { bundleReceiptCommand, verifyReceiptCommand } from './commands/receipt.ts';
import { addRunCommands } from './commands/run-commands.ts';
import { up } from './commands/up.ts';
import { readConfig, root } from './devnet/config.ts';
import { CliError } from './error.ts';

/** Errors whose message says all that a person needs. The rest are ours to mend, and keep their stack. */
const isReadable = (error: Error) =>
  error instanceof CliError || error instanceof AddressBookError || error instanceof ProtocolError;

type Flags = { json?: boolean; until?: string };

const program = new Command('openledger')
  .description('OpenLedger: AI whose data gets paid.')
  .version('0.1.0')
  .showHelpAfterError()
  .addHelpText(
    'after',
    '\nThe devnet keeps everything in .openledger (OPENLEDGER_HOME). Ports: OPENLEDGER_{RPC,INDEXER,NODE,STUDIO}_PORT.',
  );

program
  .command('up')
  .description('start the devnet and run the thread; leaves everything up')
  .option('--json', 'print the result as one line of JSON')
  .option('--until <step>', 'stop after this step of the thread')
  .action((options: Flags) => up(readConfig(), { ...options, verify: false }));

program
  .command('demo')
  .description('the same, verifies each step and prints a summary')
  .option('--json', 'print the result as one line of JSON')
  .option('--until <step>', 'stop after this step of the thread')
  .action((options: Flags) => up(readConfig(), { ...options, verify: true }));

const devnet = program.command('devnet').description('the local chain, indexer, node, watcher and studio');
devnet
  .command('up')
  .description('start the programs without running the thread')
  .option('--json', 'print the result as one line of JSON')
  .action((options: Flags) => up(readConfig(), { ...options, verify: false, thread: false }));
devnet
  .command('down')
  .description('stop the programs; their state stays')
  .action(() => down(readConfig()));
devnet
  .command('status')
  .description('which programs run, and where they serve')
  .option('--json', 'print it as JSON')
  .action((options: { json?: boolean }) => status(readConfig(), options.json ?? false));

const receipt = program.command('receipt').description('receipts of paid answers');
receipt
  .command('bundle <id> <file>')
  .description('write a receipt with all that its verification reads to a file, to verify it offline')
  .action((id: string, file: string) => bundleReceiptCommand(readConfig(), id, file));
receipt
  .command('verify <file-or-id>')
  .description('recompute a receipt and its attribution from public data, and say which check failed')
  .option('--json', 'print the checks as JSON')
  .action((source: string, options: { json?: boolean }) =>
    verifyReceiptCommand(readConfig(), source, options.json ?? false),
  );

program
  .addCommand(datasetCommand())
  .addCommand(modelCommand())
  .addCommand(channelCommand())
  .addCommand(caseCommand());
addRunCommands(program);

program
  .command('explain <contribution>')
  .description('say why a contribution was, or was not, paid: rank, score, threshold and competitors')
  .option('--receipt <id>', 'for this answer')
  .option('--claim <id>', 'for every answer of this claim')
  .option('--json', 'print it as JSON')
  .action((contribution: string, options: ExplainFlags) =>
    explainCommand(readConfig(), contribution, options),
  );

program
  .command('node [args...]')
  .description('start the node daemon (its own flags: openledger node --help)')
  .allowUnknownOption()
  .helpOption(false)
  .action((args: string[]) => runNode(args));

/** The node is a program of its own, so that nothing here depends on it. */
function runNode(args: string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'ts/node/src/main.ts'), ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((done) =>
    child.on('close', (code) => {
      process.exitCode = code ?? 1;
      done();
    }),
  );
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Error && isReadable(error))) throw error;
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
}
