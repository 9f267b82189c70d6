import { adapterLayout, encodeAdapter } from '@openledger/engine/adapter/peft';
import { buildInfluence } from '@openledger/engine/influence/build';
import type { BaseModel } from '@openledger/engine/model/base';
import { rowsOf } from '../../src/trainer/select-data.ts';
import { randomFrom } from './random.ts';
import type { Learn } from './world.ts';

/** An adapter with small random weights in place of training, and the sketches that the engine really gives it. */
export function untrained(base: BaseModel): Learn {
  return async (contributions) => {
    const shape = { rank: 2, alpha: 2, rankStabilised: false, targets: ['q_proj', 'v_proj'] as const };
    const random = randomFrom(5);
    const { size } = adapterLayout(base.config, shape);
    const weights = Float32Array.from({ length: size }, () => (random(2001) - 1000) / 50_000);
    const adapter = { ...shape, weights };
    const secondMoment = new Float32Array(size).fill(1e-8);
    const influence = await buildInfluence({ base, adapter, secondMoment, rows: rowsOf(contributions) });
    return { adapterFiles: encodeAdapter(base.config, adapter), influence };
  };
}
