import { privateKeyToAccount } from 'viem/accounts';
import { walletOn } from '../chain/chain.ts';
import { withRpc } from '../chain/retry.ts';
import { createSettlementReader } from '../chain/settlement-reader.ts';
import { createSettlementState } from '../chain/settlement-state.ts';
import { joinNetwork } from '../identity/agent.ts';
import { createAttester } from '../validator/attester.ts';
import { validatorRoutes } from '../validator/routes.ts';
import type { Context } from './context.ts';

/** Holds the data of claims that are too large for calldata, and signs that it does. */
export async function startValidator(context: Context, signal: AbortSignal | undefined): Promise<void> {
  const { config, log, chain, store, catalog, routes } = context;
  if (config.validatorKey === undefined)
    throw new Error('The configuration was checked to have a validator key.');
  const account = privateKeyToAccount(config.validatorKey);
  const wallet = walletOn(chain, account);
  const uri = `http://${config.host}:${config.port}`;
  const validatorId = await withRpc({ log, what: 'joining the network', signal }, () =>
    joinNetwork({ chain, wallet, log, role: 'validator', stake: config.stake, uri }),
  );
  const [reader, state] = [createSettlementReader(chain), createSettlementState(chain)];
  const attester = createAttester({ chain, account, validatorId, reader, state, catalog, store, log });
  routes.push(validatorRoutes(attester, validatorId));
}
