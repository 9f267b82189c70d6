import { join } from 'node:path';
import { encodeAdapter } from '@openledger/engine/adapter/peft';
import { buildInfluence } from '@openledger/engine/influence/build';
import { trainAdapter } from '@openledger/engine/training/run';
import { readContributions } from '../chain/contributions.ts';
import { readPermission } from '../chain/permissions.ts';
import { trainerRoutes } from '../trainer/routes.ts';
import { createTrainer } from '../trainer/trainer.ts';
import { type Context, now } from './context.ts';

/** Trains adapters from datanets, as OpenAI's fine-tuning jobs. */
export async function startTrainer(context: Context): Promise<void> {
  const { config, log, chain, store, catalog, base } = context;
  const trainer = await createTrainer({
    folder: join(config.home, 'jobs'),
    store,
    catalog,
    contributions: () => readContributions(chain),
    permission: (datanet, trainer) => readPermission(chain, datanet, trainer),
    engine: { base, train: trainAdapter, buildInfluence, encodeAdapter },
    log,
    now,
  });
  context.routes.push(trainerRoutes(trainer));
  context.onClose.push(trainer.close);
}
