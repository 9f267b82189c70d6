import { startLoop } from '../loop.ts';
import { createAnswers } from '../prover/answers.ts';
import { createDataHolders } from '../prover/data-holders.ts';
import { createLooks, type Deadline } from '../prover/looks.ts';
import { listPayouts } from '../prover/payouts.ts';
import { createProver } from '../prover/prover.ts';
import { proverRoutes } from '../prover/routes.ts';
import { type Context, now } from './context.ts';
import type { NodeIdentity } from './identity.ts';

/** What the node owes to whom. */
export type Payouts = (asset: number | undefined) => ReturnType<typeof listPayouts>;

/** Settles what the node has earned; the payouts that it settled. */
export async function startProver(context: Context, node: NodeIdentity): Promise<Payouts> {
  const { config, log, chain, store, catalog, routes, onClose } = context;
  const { wallet, nodeId, ledger, locks, reader, state, attributions, readChannel } = node;
  const { operatorToken, validators, calldataMax } = config;
  const holders = validators.length > 0 ? createDataHolders({ chain, urls: validators, log }) : undefined;
  const prover = createProver({
    ...{ chain, wallet, nodeId, ledger, locks, reader, state, store, attributions, readChannel, log, now },
    ...{ holders, calldataMax },
  });
  routes.push(proverRoutes({ chain, nodeId, reader, state, store, catalog, prover, operatorToken }));
  const answers = createAnswers({ chain, wallet, nodeId, ledger, locks, reader, state, store, log });
  const looks = createLooks({ nodeId, reader, state });
  const looking = (name: string, deadline: Deadline, task: () => Promise<unknown>) =>
    onClose.push(startLoop({ name, everyMs: () => looks(deadline), log, task }).stop);
  looking('securing', 'exitDelay', prover.secure);
  looking('answering', 'responseWindow', answers.answer);
  if (config.settleEvery > 0) {
    const task = async () => {
      await prover.settle();
      await prover.flush();
    };
    const loop = startLoop({ name: 'settling', everyMs: config.settleEvery * 1000, log, task });
    onClose.push(loop.stop);
  }
  return (asset) => listPayouts({ chain, nodeId, reader, state, store, catalog }, asset);
}
