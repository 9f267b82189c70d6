/**
 * Makes the base model that ships in `ts/models/base`: trains a tokenizer and a small Llama model on the corpus
 * of this repository. `npm run train:base`; about ten minutes on two cores. Interrupted, it goes on where it was.
 *
 * `--steps n` makes a shorter run, `--out folder` writes elsewhere.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '@openledger/engine/files/atomic';
import { toHuggingFaceConfig } from '@openledger/engine/llama/config';
import { baseLayout, matrixRanges, toCheckpoint } from '@openledger/engine/llama/parameters';
import { buildTrainingGraph } from '@openledger/engine/llama/training-graph';
import { Random } from '@openledger/engine/numeric/random';
import { sharedFloats } from '@openledger/engine/numeric/shared';
import { openRuntime, type Runtime, scalarOf } from '@openledger/engine/runtime/runtime';
import { encodeSafetensors } from '@openledger/engine/safetensors/safetensors';
import { SPECIAL_TOKENS, tokenizerConfig, tokenizerJson } from '@openledger/engine/tokenizer/files';
import { createTokenizer, type Tokenizer } from '@openledger/engine/tokenizer/tokenizer';
import { trainVocabulary } from '@openledger/engine/tokenizer/trainer';
import {
  biasCorrections,
  createOptimizerState,
  type OptimizerState,
} from '@openledger/engine/training/adamw';
import { decodeCheckpoint, encodeCheckpoint } from '@openledger/engine/training/checkpoint';
import { Optimizer } from '@openledger/engine/training/optimizer';
import { learningRates } from '@openledger/engine/training/schedule';
import { blobId, canonicalBytes } from '@openledger/sdk/protocol/store';
import { buildCorpus, type CorpusDocument } from './corpus.ts';
import { ProgressBar } from './progress.ts';
import { encodeDocument, type PackedRows, packRows, rowsToBatch } from './train-base-data.ts';
import { type BasePlan, baseConfig, basePlan, initialWeights } from './train-base-plan.ts';

const CHECKPOINT_EVERY = 250;
/** One document in this many is kept for measuring. */
const HELD_OUT = 50;

type Data = { readonly train: PackedRows; readonly heldOut: PackedRows };

const { values: flags } = parseArgs({ options: { steps: { type: 'string' }, out: { type: 'string' } } });
const out = flags.out ?? fileURLToPath(new URL('../base/', import.meta.url));
const plan: BasePlan = { ...basePlan, steps: Number(flags.steps ?? basePlan.steps) };

async function main(): Promise<void> {
  await mkdir(out, { recursive: true });
  const corpus = buildCorpus();
  const tokenizer = await makeTokenizer(corpus);
  const data = pack(tokenizer, corpus);
  const work = fileURLToPath(new URL('../.openledger/', import.meta.url));
  await mkdir(work, { recursive: true });
  const resume = join(work, 'train-base.safetensors');

  const runtime = await openRuntime('native');
  try {
    const state = await train(runtime, data, resume);
    await writeModel(state.parameters, await evaluate(runtime, data.heldOut, state.parameters));
  } finally {
    await runtime.close();
  }
  await rm(resume, { force: true });
}

async function makeTokenizer(corpus: readonly CorpusDocument[]): Promise<Tokenizer> {
  const texts = corpus.flatMap((document) =>
    document.kind === 'text' ? [document.text] : [document.question, document.answer],
  );
  const json = tokenizerJson(trainVocabulary(texts, baseConfig.vocabSize, SPECIAL_TOKENS));
  const config = tokenizerConfig(baseConfig.maxPositions);
  await writeJson('tokenizer.json', json);
  await writeJson('tokenizer_config.json', config);
  return createTokenizer(json, config);
}

function pack(tokenizer: Tokenizer, corpus: readonly CorpusDocument[]): Data {
  const encoded = corpus.map((document) => encodeDocument(tokenizer, document));
  const part = (held: boolean) => {
    const chosen = corpus.map((_, i) => i).filter((i) => (i % HELD_OUT === 0) === held);
    const documents = chosen.map((i) => encoded[i]);
    return packRows(
      documents,
      chosen.map((i) => corpus[i].kind === 'chat'),
      plan.length,
      plan.seed,
    );
  };
  const tokens = encoded.reduce((sum, document) => sum + document.length, 0);
  console.error(
    `${corpus.length} documents, ${tokens} tokens; ${plan.steps * plan.batch * plan.length} to read`,
  );
  return { train: part(false), heldOut: part(true) };
}

async function train(runtime: Runtime, data: Data, resume: string): Promise<OptimizerState> {
  const { batch, length } = plan;
  const { model } = buildTrainingGraph(baseConfig, { mode: 'full', batch, length });
  const session = await runtime.createSession(model);
  const rates = learningRates(plan);
  const decayed = matrixRanges(baseLayout(baseConfig));
  const id = blobId(canonicalBytes({ config: baseConfig, plan, rows: data.train.rows.length }));
  const saved = existsSync(resume) ? decodeCheckpoint(await readFile(resume)) : undefined;
  const started = saved?.runId === id ? saved : undefined;
  const state = started?.state ?? createOptimizerState(initialWeights(baseConfig, plan.seed));
  const gradient = sharedFloats(state.parameters.length);
  const optimizer = new Optimizer(gradient.length);
  const first = started?.step ?? 0;

  const bar = new ProgressBar('base model', plan.steps, first);
  const weights = new Float32Array(batch * length).fill(1 / (batch * length));
  let mean = Number.NaN;
  const began = performance.now();
  for (let step = first + 1; step <= plan.steps; step += 1) {
    const { ids, labels } = rowsToBatch(rowsOfStep(data.train, step), length);
    const dims = [batch * length];
    const feeds = {
      ids: { data: ids, dims },
      labels: { data: labels, dims },
      weights: { data: weights, dims },
      p: { data: state.parameters, dims: [gradient.length] },
    };
    const outputs = await session.run(feeds, { g: { data: gradient, dims: [gradient.length] } });
    const factors = { learningRate: rates[step - 1], ...biasCorrections(plan.optimizer, step) };
    await optimizer.update(state, gradient, plan.optimizer, factors, decayed);
    const loss = scalarOf(outputs.loss);
    mean = Number.isNaN(mean) ? loss : 0.98 * mean + 0.02 * loss;
    const speed = ((step - first) * batch * length) / ((performance.now() - began) / 1000);
    bar.update(step, `loss ${mean.toFixed(3)}  ${speed.toFixed(0)} tokens/s`);
    if (step % CHECKPOINT_EVERY === 0)
      await writeFileAtomic(resume, encodeCheckpoint({ runId: id, step, state }));
  }
  bar.end();
  await optimizer.close();
  return state;
}

/** Every row once per epoch, in an order of its own. */
function rowsOfStep(data: PackedRows, step: number): Uint16Array[] {
  return Array.from({ length: plan.batch }, (_, i) => {
    const place = (step - 1) * plan.batch + i;
    const epoch = Math.floor(place / data.rows.length);
    return data.rows[epochOrder(data.rows.length, epoch)[place % data.rows.length]];
  });
}

const orders = new Map<number, number[]>();
function epochOrder(count: number, epoch: number): number[] {
  const known = orders.get(epoch);
  if (known !== undefined) return known;
  const order = new Random(plan.seed + 1000 + epoch).shuffle(Array.from({ length: count }, (_, i) => i));
  orders.set(epoch, order);
  return order;
}

/** Mean loss over held-out rows, in nats per token. */
async function evaluate(runtime: Runtime, data: PackedRows, parameters: Float32Array): Promise<number> {
  const { batch, length } = plan;
  const { model } = buildTrainingGraph(baseConfig, { mode: 'full', batch, length, gradient: false });
  const session = await runtime.createSession(model);
  const weights = new Float32Array(batch * length).fill(1 / (batch * length));
  const dims = [batch * length];
  let total = 0;
  const batches = Math.min(40, Math.floor(data.rows.length / batch));
  for (let i = 0; i < batches; i += 1) {
    const { ids, labels } = rowsToBatch(data.rows.slice(i * batch, (i + 1) * batch), length);
    const outputs = await session.run({
      ids: { data: ids, dims },
      labels: { data: labels, dims },
      weights: { data: weights, dims },
      p: { data: parameters, dims: [parameters.length] },
    });
    total += scalarOf(outputs.loss) / batches;
  }
  return total;
}

async function writeModel(parameters: Float32Array, heldOutLoss: number): Promise<void> {
  const bytes = encodeSafetensors(toCheckpoint(baseConfig, parameters), 'F16');
  await writeJson('config.json', toHuggingFaceConfig(baseConfig));
  await writeJson('generation_config.json', {
    eos_token_id: baseConfig.eosTokenIds[0],
    pad_token_id: baseConfig.padTokenId,
  });
  await writeFileAtomic(join(out, 'model.safetensors'), bytes);
  const tokenizer = await readFile(join(out, 'tokenizer.json'));
  await writeJson('hashes.json', { weightsHash: blobId(bytes), tokenizerHash: blobId(tokenizer) });
  console.error(`held-out loss ${heldOutLoss.toFixed(3)} nats per token; ${bytes.length} bytes in ${out}`);
}

async function writeJson(name: string, value: unknown): Promise<void> {
  await writeFileAtomic(join(out, name), `${JSON.stringify(value, null, 2)}\n`);
}

await main();
