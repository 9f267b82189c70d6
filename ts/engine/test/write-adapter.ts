/** Writes an adapter for a golden model, and the logits it gives here: `node write-adapter.ts <model> <folder>`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Adapter, writeAdapter } from '../src/adapter/peft.ts';
import { loraLayout } from '../src/llama/parameters.ts';
import { Random } from '../src/numeric/random.ts';
import { openRuntime } from '../src/runtime/runtime.ts';
import { encodeSafetensors } from '../src/safetensors/safetensors.ts';
import { BATCH, decodeInTwoParts, LENGTH, readGolden } from './golden.ts';

const [name, folder] = process.argv.slice(2);
const golden = readGolden(name);
const { config } = golden;
const random = new Random(11);
const targets = ['up_proj', 'v_proj', 'o_proj'] as const;
const weights = new Float32Array(loraLayout(config, 4, targets).size).map(() => 0.2 * random.normal());
const adapter: Adapter = { rank: 4, alpha: 6, rankStabilised: true, targets, weights };
await writeAdapter(folder, config, adapter);

const runtime = await openRuntime('native');
const data = await decodeInTwoParts(runtime, { ...golden, adapter });
await runtime.close();
const logits = { shape: [BATCH, LENGTH, config.vocabSize], data };
await writeFile(join(folder, 'logits.safetensors'), encodeSafetensors(new Map([['logits', logits]]), 'F32'));
