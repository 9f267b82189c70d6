import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { walletOn } from '../chain/chain.ts';
import { readContributions } from '../chain/contributions.ts';
import { withRpc } from '../chain/retry.ts';
import { createSettlementReader } from '../chain/settlement-reader.ts';
import { createSettlementState } from '../chain/settlement-state.ts';
import { joinNetwork } from '../identity/agent.ts';
import { startLoop } from '../loop.ts';
import { createEvidenceEngine } from '../models/evidence-engine.ts';
import { createSpanIndexes } from '../models/span-indexes.ts';
import { createAttester } from '../validator/attester.ts';
import { createAuditor } from '../validator/auditor.ts';
import { validatorRoutes } from '../validator/routes.ts';
import type { Context } from './context.ts';

/** Holds the data of claims that are too large for calldata, and audits the receipts that it is drawn for. */
export async function startValidator(context: Context, signal: AbortSignal | undefined): Promise<void> {
  const { config, log, chain, store, catalog, routes, onClose, caller } = context;
  const { validatorKey: privateKey } = config;
  if (privateKey === undefined) throw new Error('The configuration was checked to have a validator key.');
  const account = privateKeyToAccount(privateKey);
  const wallet = walletOn(chain, account);
  const uri = `http://${config.host}:${config.port}`;
  const path = join(config.home, 'validator-agent.json');
  const validatorId = await withRpc({ log, what: 'joining the network', signal }, () =>
    joinNetwork({ chain, wallet, log, role: 'validator', stake: config.stake, uri, path }),
  );
  const [reader, state] = [createSettlementReader(chain), createSettlementState(chain)];
  const shared = { chain, validatorId, reader, state, catalog, store, log };
  routes.push(validatorRoutes(createAttester({ ...shared, account }), validatorId, caller));

  const base = await context.base();
  const engine = createEvidenceEngine(base, createSpanIndexes(join(config.home, 'spans'), log));
  onClose.push(engine.close);
  const tokenizer = {
    encodeChat: base.tokenizer.encodeChat,
    encodeText: (text: string) => base.tokenizer.encode(text),
  };
  const auditor = await createAuditor({
    ...{ ...shared, wallet, privateKey, tokenizer, engine, contributions: () => readContributions(chain) },
    ...{ baseHash: base.weightsHash, opensCases: config.openCases },
  });
  const loop = startLoop({ name: 'auditing', everyMs: config.pollEvery * 1000, log, task: auditor.look });
  onClose.push(loop.stop);
}
