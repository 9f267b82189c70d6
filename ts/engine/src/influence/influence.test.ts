import { influenceScore } from '@openledger/sdk/protocol/sketch';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyAdapter, tinyBase } from '../../test/tiny-model.ts';
import { Random } from '../numeric/random.ts';
import { encodeRow } from '../training/rows.ts';
import { decodeBasis } from './basis.ts';
import { buildInfluence, type Influence, type InfluenceRow } from './build.ts';
import { symmetricEigen } from './eigen.ts';
import { RowGradients } from './gradients.ts';
import { openInfluence } from './query.ts';
import { precondition, preconditionerOf } from './sketch.ts';

const names = ['Ash', 'Birch', 'Cedar', 'Elder', 'Fir', 'Hazel'];
const rows: InfluenceRow[] = [4, 8, 12].flatMap((asset, c) =>
  names.map((name, row) => ({
    asset,
    row,
    text: `What grows at ${name} ${c}?\n${'abcdefgh'.slice(row, row + 3)} grows at ${name} ${c}.`,
    datanet: asset === 12 ? 2 : 1,
  })),
);
const base = tinyBase(rows.map(({ text }) => text));
const adapter = tinyAdapter(base);
const random = new Random(9);
const secondMoment = adapter.weights.map(() => (1e-4 * (1 + random.uniform())) ** 2);
let influence: Influence;

beforeAll(async () => {
  influence = await buildInfluence({ base, adapter, secondMoment, rows });
});

describe('buildInfluence', () => {
  it('gives the same bytes for the same inputs', async () => {
    expect(await buildInfluence({ base, adapter, secondMoment, rows, threads: 1 })).toEqual(influence);
  });

  it('gives scores that agree with dense double-precision arithmetic', async () => {
    const z = await preconditionedGradients();
    const dense = await denseScores(z);
    const session = await openInfluence({ base, adapter, basis: influence.basis });
    const errors: number[] = [];
    const scale = Math.max(...dense.map((values) => Math.max(...values.map(Math.abs))));
    for (const [q, row] of rows.entries()) {
      const { tokens, answerStart } = encodeRow(base.tokenizer, row.text);
      const answer = await session.query({
        promptTokens: tokens.slice(0, answerStart),
        answerTokens: tokens.slice(answerStart),
      });
      // A query vector has no length of its own: its row's σ stands in for it.
      const unit = influence.rows[q].sigma / 65_536 / decodeBasis(influence.basis).gain;
      const { gain } = decodeBasis(influence.basis);
      for (const [i, sketch] of influence.rows.entries()) {
        const score = (Number(influenceScore(sketch, answer)) / 65_536 / gain) * unit;
        errors.push(Math.abs(score - dense[q][i]) / scale);
      }
    }
    await session.close();
    expect(Math.max(...errors)).toBeLessThan(0.01);
  });

  it('adds rows up to contributions within the bound of a u32', () => {
    expect(influence.contributions.map(({ asset }) => asset)).toEqual([4, 8, 12]);
    const { sigmaCap } = decodeBasis(influence.basis);
    expect(influence.sigmaCap).toBe(sigmaCap);
    for (const { sigma } of [...influence.rows, ...influence.contributions]) {
      expect(sigma).toBeLessThanOrEqual(sigmaCap);
      expect(sigma).toBeGreaterThan(0);
    }
    for (const { asset, sigma, a } of influence.contributions) {
      const sum = new Float64Array(256);
      for (const row of influence.rows.filter((one) => one.asset === asset)) {
        for (const [i, value] of row.a.entries()) sum[i] += row.sigma * value;
      }
      for (const [i, value] of sum.entries())
        expect(Math.abs(value - sigma * a[i])).toBeLessThan(sigmaCap * 4);
    }
  });

  it('caps the norm of a row at the 99th percentile of its datanet', () => {
    const { caps } = decodeBasis(influence.basis);
    expect(caps.map(({ datanet }) => datanet)).toEqual([1, 2]);
  });

  it('refuses a second moment of another adapter', async () => {
    await expect(
      buildInfluence({ base, adapter, secondMoment: secondMoment.subarray(1), rows }),
    ).rejects.toThrow(/Pass both of one run/);
  });
});

describe('openInfluence', () => {
  it('recomputes the sketch of any row alone', async () => {
    const session = await openInfluence({ base, adapter, basis: influence.basis, threads: 1 });
    for (const i of [17, 3]) {
      const { sigma, a } = influence.rows[i];
      expect(await session.sketchRow(rows[i])).toEqual({ sigma, a });
    }
    await session.close();
  });

  it('ranks a row that was reproduced word by word above all other rows', async () => {
    const session = await openInfluence({ base, adapter, basis: influence.basis });
    for (const [q, row] of rows.entries()) {
      const { tokens, answerStart } = encodeRow(base.tokenizer, row.text);
      const vector = await session.query({
        promptTokens: tokens.slice(0, answerStart),
        answerTokens: tokens.slice(answerStart),
      });
      const scores = influence.rows.map((sketch) => influenceScore(sketch, vector));
      const best = scores.indexOf(scores.reduce((most, score) => (score > most ? score : most)));
      expect(influence.rows[best].asset).toBe(rows[q].asset);
    }
    await session.close();
  });

  it('refuses the basis of another adapter, and bytes that are no basis', async () => {
    const other = { ...adapter, weights: adapter.weights.map((value) => value + 1) };
    await expect(openInfluence({ base, adapter: other, basis: influence.basis })).rejects.toThrow(
      /another adapter/,
    );
    await expect(openInfluence({ base, adapter, basis: influence.basis.subarray(3) })).rejects.toThrow(
      /not an influence basis/,
    );
    await expect(openInfluence({ base, adapter, basis: influence.basis.subarray(0, 999) })).rejects.toThrow();
  });
});

async function preconditionedGradients(): Promise<Float32Array[]> {
  const preconditioner = preconditionerOf(secondMoment, 1e-8);
  const source = await RowGradients.open(base, adapter, 'exact');
  const result: Float32Array[] = [];
  for (const row of rows) {
    result.push(precondition(await source.gradient(encodeRow(base.tokenizer, row.text)), preconditioner));
  }
  await source.close();
  return result;
}

/** zᵀ (ZᵀZ + λI)⁻¹ z′ through the eigenvalues of the Gram matrix K = ZZᵀ: K U (E (E + λ))⁻¹ Uᵀ K. */
async function denseScores(z: readonly Float32Array[]): Promise<number[][]> {
  const n = z.length;
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const gram = Float64Array.from(z.flatMap((a) => z.map((b) => dot(a, b))));
  const { values, vectors } = await symmetricEigen(gram, n);
  const lambda = (10 * values.reduce((sum, value) => sum + value, 0)) / n;
  return z.map((_, q) =>
    z.map((_, i) =>
      values.reduce(
        (sum, value, k) => sum + ((vectors[k * n + q] * vectors[k * n + i]) / (value + lambda)) * value,
        0,
      ),
    ),
  );
}
