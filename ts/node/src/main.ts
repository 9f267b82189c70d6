import { readConfig, USAGE } from './config.ts';
import { startDaemon } from './daemon.ts';
import { describe, NodeError } from './errors.ts';
import { createLog } from './log.ts';

/** The program: `node ts/node/src/main.ts --help`. */
async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env);
  if (config === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  const log = createLog(config.logLevel);
  const abort = new AbortController();
  let stopping = false;
  let stop: (() => Promise<void>) | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    // The first signal lets answers in progress finish, the second one does not.
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal: name }, 'stopping');
    abort.abort();
    void stop?.().then(() => process.exit(0));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const daemon = await startDaemon(config, log, abort.signal);
  stop = daemon.close;
  if (stopping) {
    await daemon.close();
    process.exit(0);
  }
}

main().catch((error: unknown) => {
  const known = error instanceof NodeError;
  process.stderr.write(known ? `${error.message}\n${error.hint}\n` : `${describe(error)}\n`);
  if (!known && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
