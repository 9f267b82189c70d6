import { type Adapter, adapterLayout } from '@openledger/engine/adapter/peft';
import { decodeBasis } from '@openledger/engine/influence/basis';
import { buildInfluence, type Influence } from '@openledger/engine/influence/build';
import { Projector } from '@openledger/engine/influence/directions';
import { RowGradients } from '@openledger/engine/influence/gradients';
import { Matrices } from '@openledger/engine/influence/matrices';
import { createProjector } from '@openledger/engine/influence/projection';
import { openInfluence } from '@openledger/engine/influence/query';
import { capNorm, precondition, sketchOf } from '@openledger/engine/influence/sketch';
import type { BaseModel } from '@openledger/engine/model/base';
import { openRuntime } from '@openledger/engine/runtime/runtime';
import { encodeRow } from '@openledger/engine/training/rows';
import { influenceScore, SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import { bm25 } from './baselines/bm25.ts';
import { dataInf } from './baselines/datainf.ts';
import { DAMPING, fullFisher } from './baselines/fisher.ts';
import { innerProducts, type Scores } from './baselines/gradients.ts';
import { randomProjection } from './baselines/random-projection.ts';
import { type InfluenceWorld, querySamples } from './influence-world.ts';

/** A finished run over the world. */
export type Trained = { readonly adapter: Adapter; readonly secondMoment: Float32Array };

/** Row scores of every estimator, by its name, and the sketches as they would be committed. */
export type Estimates = { readonly scores: ReadonlyMap<string, Scores>; readonly influence: Influence };

/** Names of the estimators that targets speak of. */
export const SKETCH = 'sketch, four bits';
export const FLOAT_SKETCH = 'sketch before rounding';
export const PAID = 'sketch of contributions, four bits';
export const DATAINF = 'DataInf';
export const RANDOM = 'random projection, as many numbers';
export const FISHER = 'full damped Fisher';
export const ADAM_FISHER = 'full damped Fisher, Adam scale';

/** Scores every row for every query, by every estimator, on one adapter. */
export async function estimate(
  base: BaseModel,
  world: InfluenceWorld,
  trained: Trained,
  threads: number,
): Promise<Estimates> {
  const { adapter, secondMoment } = trained;
  const { rows } = world;
  const samples = querySamples(base.tokenizer, world.queries);
  const influence = await buildInfluence({ base, adapter, secondMoment, rows, profile: 'native', threads });
  const scores = new Map<string, Scores>();

  const session = await openInfluence({ base, adapter, basis: influence.basis, threads });
  const vectors: Int8Array[] = [];
  for (const { tokens, answerStart } of samples) {
    const [promptTokens, answerTokens] = [tokens.slice(0, answerStart), tokens.slice(answerStart)];
    vectors.push(await session.query({ promptTokens, answerTokens }));
  }
  await session.close();
  const integer = (sketch: { sigma: number; a: Int8Array }, vector: Int8Array) =>
    Number(influenceScore(sketch, vector));
  scores.set(
    SKETCH,
    vectors.map((vector) => Float64Array.from(influence.rows, (row) => integer(row, vector))),
  );
  const sizes = Map.groupBy(rows, ({ asset }) => asset);
  const byAsset = new Map(influence.contributions.map((one) => [one.asset, one]));
  scores.set(
    PAID,
    // A contribution's score, spread over its rows: what counts is the sum over whole contributions.
    vectors.map((vector) =>
      Float64Array.from(rows, ({ asset }) => integer(byAsset.get(asset)!, vector) / sizes.get(asset)!.length),
    ),
  );

  const runtime = await openRuntime('native', { threads });
  try {
    const matrices = await Matrices.open(runtime);
    const source = new RowGradients(base, adapter, runtime);
    const gradients: Float32Array[] = [];
    for (const { text } of rows) gradients.push(await source.gradient(encodeRow(base.tokenizer, text)));
    const queries: Float32Array[] = [];
    for (const sample of samples) queries.push(await source.gradient(sample));
    const basis = decodeBasis(influence.basis);
    const onScale = (vectors: readonly Float32Array[]) =>
      vectors.map((vector) => precondition(vector, basis.preconditioner));
    const [z, zq] = [onScale(gradients), onScale(queries)];

    const projector = await Projector.open(runtime, basis);
    const shorten =
      basis.projection === null
        ? (vector: Float32Array) => vector
        : createProjector(basis.parameters, basis.projection);
    const sketches = async (vectors: readonly Float32Array[]) =>
      (await projector.project(vectors.map(shorten))).map((coordinates) => sketchOf(basis, coordinates));
    // The world is one datanet.
    const { norm } = basis.caps[0]!;
    const floatRows = (await sketches(z)).map((s) => capNorm(s, norm));
    const floatQueries = await sketches(zq);
    scores.set(
      FLOAT_SKETCH,
      floatQueries.map((query) => Float64Array.from(floatRows, (row) => dot(query, row))),
    );

    scores.set('gradient dot', await innerProducts(matrices, queries, gradients));
    scores.set('gradient cosine', normalised(scores.get('gradient dot')!, gradients));
    scores.set('Adam-scaled gradient dot', await innerProducts(matrices, zq, z));
    const layout = adapterLayout(base.config, adapter);
    scores.set(DATAINF, await dataInf(matrices, { rows: gradients, queries, layout }));
    const size = { dimensions: SKETCH_LENGTH };
    scores.set(RANDOM, await randomProjection(matrices, gradients, queries, size));
    scores.set('random projection, Adam scale', await randomProjection(matrices, z, zq, size));
    const trace = gradients.reduce((sum, one) => sum + dot(one, one), 0);
    scores.set(FISHER, await fullFisher(matrices, gradients, queries, (DAMPING * trace) / SKETCH_LENGTH));
    scores.set(ADAM_FISHER, await fullFisher(matrices, z, zq, basis.lambda));
  } finally {
    await runtime.close();
  }
  const texts = (of: readonly { text: string }[]) => of.map(({ text }) => text);
  scores.set('BM25', bm25(texts(rows), texts(world.queries)));
  return { scores, influence };
}

function normalised(scores: Scores, rows: readonly Float32Array[]): Scores {
  const norms = rows.map((row) => Math.sqrt(dot(row, row)) || 1);
  return scores.map((row) => row.map((value, i) => value / norms[i]!));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i += 1) total += a[i]! * b[i]!;
  return total;
}
