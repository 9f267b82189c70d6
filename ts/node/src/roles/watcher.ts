import { privateKeyToAccount } from 'viem/accounts';
import { walletOn } from '../chain/chain.ts';
import { createSettlementReader } from '../chain/settlement-reader.ts';
import { createSettlementState } from '../chain/settlement-state.ts';
import { startLoop } from '../loop.ts';
import { createWatcher } from '../watcher/watcher.ts';
import type { Context } from './context.ts';

/** Checks the claims of other nodes and challenges what is wrong. */
export function startWatcher(context: Context): void {
  const { config, log, chain, store, catalog } = context;
  if (config.watcherKey === undefined)
    throw new Error('The configuration was checked to have a watcher key.');
  const watcher = createWatcher({
    chain,
    wallet: walletOn(chain, privateKeyToAccount(config.watcherKey)),
    reader: createSettlementReader(chain),
    state: createSettlementState(chain),
    catalog,
    store,
    requestsPerClaim: config.requestsPerClaim,
    log,
  });
  const loop = startLoop({ name: 'watching', everyMs: config.pollEvery * 1000, log, task: watcher.look });
  context.onClose.push(loop.stop);
}
