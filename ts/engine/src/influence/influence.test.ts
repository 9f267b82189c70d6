import { influenceScore } from '@openledger/sdk/protocol/sketch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyAdapter, tinyBase } from '../../test/tiny-model.ts';
import { Random } from '../numeric/random.ts';
import { openRuntime } from '../runtime/runtime.ts';
import { encodeRow } from '../training/rows.ts';
import { answerQuery, answerTokens, canonicalAnswer } from './answer.ts';
import { type Basis, decodeBasis } from './basis.ts';
import { buildInfluence, type Influence, type InfluenceRow, normCaps } from './build.ts';
import { symmetricEigen } from './eigen.ts';
import { fitSample, RowGradients } from './gradients.ts';
import { type InfluenceSession, openInfluence } from './query.ts';
import { capNorm, normOf, precondition, preconditionerOf } from './sketch.ts';

const names = ['Ash', 'Birch', 'Cedar'];
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
const inputs = { base, adapter, secondMoment, rows, threads: 1 };

let influence: Influence;
let basis: Basis;
let session: InfluenceSession;
/** The query vector of each row's own answer. */
const vectors: Int8Array[] = [];

beforeAll(async () => {
  influence = await buildInfluence(inputs);
  basis = decodeBasis(influence.basis);
  session = await openInfluence({ ...inputs, basis: influence.basis });
  for (const row of rows) {
    const [question, answer] = row.text.split('\n');
    const messages = [{ role: 'user' as const, content: question }];
    vectors.push(await session.query(answerQuery(base.tokenizer, messages, answer)));
  }
}, 60_000);
afterAll(() => session.close());

describe('buildInfluence', () => {
  it('gives the same bytes for the same inputs', async () => {
    expect(await buildInfluence({ ...inputs, threads: 2 })).toEqual(influence);
  }, 60_000);

  it('gives scores that agree with dense double-precision arithmetic', async () => {
    const dense = await denseScores(await preconditionedGradients());
    const largest = Math.max(...dense.flat().map(Math.abs));
    const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
    rows.forEach((_, q) => {
      const scores = influence.rows.map((sketch) => Number(influenceScore(sketch, vectors[q])));
      // A query vector has no length of its own.
      const unit = dot(scores, dense[q]) / dot(scores, scores);
      scores.forEach((score, i) => {
        expect(Math.abs(score * unit - dense[q][i]) / largest).toBeLessThan(0.02);
      });
    });
  }, 60_000);

  it('adds rows up to contributions, within what rounding to bytes loses', () => {
    expect(influence.contributions.map(({ asset }) => asset)).toEqual([4, 8, 12]);
    for (const { asset, sigma, a } of influence.contributions) {
      const own = influence.rows.filter((row) => row.asset === asset);
      a.forEach((value, i) => {
        // What was cut off is not known.
        if ([value, ...own.map((row) => row.a[i])].some((entry) => Math.abs(entry) === 7)) return;
        const sum = own.reduce((total, row) => total + row.sigma * row.a[i], 0);
        const rounding = own.reduce((total, row) => total + row.sigma, sigma) / 2;
        expect(Math.abs(sum - sigma * value)).toBeLessThan(rounding + 200);
      });
    }
  });

  it('scales sketches so that the largest σ has 24 bits, and names it as the cap', () => {
    const sigmas = [...influence.rows, ...influence.contributions].map(({ sigma }) => sigma);
    expect(Math.max(...sigmas)).toBe(influence.sigmaCap);
    expect(basis.sigmaCap).toBe(influence.sigmaCap);
    expect(Math.log2(influence.sigmaCap)).toBeGreaterThanOrEqual(23);
    expect(Math.log2(influence.sigmaCap)).toBeLessThan(24);
    expect(Math.log2(basis.gain) % 1).toBe(0);
  });

  it('names one norm cap per datanet', () => {
    expect(basis.caps.map(({ datanet }) => datanet)).toEqual([1, 2]);
  });

  it('refuses a second moment of another adapter', async () => {
    const other = secondMoment.subarray(1);
    await expect(buildInfluence({ ...inputs, secondMoment: other })).rejects.toThrow(/Pass both of one run/);
  });
});

describe('openInfluence', () => {
  it('recomputes the sketch of any row alone', async () => {
    for (const i of [7, 2]) {
      const { sigma, a } = influence.rows[i];
      expect(await session.sketchRow(rows[i])).toEqual({ sigma, a });
    }
  });

  it('ranks a row that was reproduced word by word above all other rows', () => {
    rows.forEach((row, q) => {
      const scores = influence.rows.map((sketch) => influenceScore(sketch, vectors[q]));
      const best = scores.indexOf(scores.reduce((most, score) => (score > most ? score : most)));
      expect(influence.rows[best]).toMatchObject({ asset: row.asset, row: row.row });
    });
  });

  it('refuses the basis of another adapter, and bytes that are no basis', async () => {
    const other = { ...adapter, weights: adapter.weights.map((value) => value + 1) };
    const open = (bytes: Uint8Array) => openInfluence({ ...inputs, basis: bytes });
    await expect(openInfluence({ ...inputs, adapter: other, basis: influence.basis })).rejects.toThrow(
      /another adapter/,
    );
    await expect(open(influence.basis.subarray(3))).rejects.toThrow(/not an influence basis/);
    await expect(open(influence.basis.subarray(0, -8))).rejects.toThrow(/Fetch it again/);
  });
});

describe('the tokens of an answer', () => {
  it('follow from its text, however the sampled tokens spelt it', () => {
    const { tokenizer } = base;
    const text = 'Ash grows at Birch';
    const spelt = [...text].flatMap((character) => tokenizer.encode(character));
    expect(spelt.length).toBeGreaterThan(tokenizer.encode(text).length);
    const expected = answerTokens(tokenizer, text);
    expect(expected.at(-1)).toBe(tokenizer.special('<|end|>'));
    expect(canonicalAnswer(tokenizer, spelt)).toEqual(expected);
    expect(canonicalAnswer(tokenizer, expected)).toEqual(expected);
    const [half] = tokenizer.encode('é');
    expect(canonicalAnswer(tokenizer, [...spelt, half])).toEqual(expected);
  });
});

describe('norm caps', () => {
  it('let the given share of a datanet’s rows be', () => {
    const many = Array.from({ length: 200 }, (_, row) => ({ asset: 4, row, text: '', datanet: row % 2 }));
    const sketches = many.map(({ row }) => Float64Array.of(row, 0));
    const capsAt = (quantile: number) => [...normCaps(many, sketches, quantile).values()];
    expect(capsAt(0.99)).toEqual([196, 197]);
    expect(capsAt(0.5)).toEqual([98, 99]);
    expect([...capNorm(Float64Array.of(3, 4), 10)]).toEqual([3, 4]);
    expect(normOf(capNorm(Float64Array.of(3, 4), 2.5))).toBe(2.5);
  });
});

describe('a row too long for the model', () => {
  it('loses the beginning of its prompt, and only then the end of its answer', () => {
    const tokens = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(fitSample({ tokens, answerStart: 3 }, 7)).toEqual({ tokens, answerStart: 3 });
    expect(fitSample({ tokens, answerStart: 3 }, 6)).toEqual({ tokens: tokens.slice(1), answerStart: 2 });
    expect(fitSample({ tokens, answerStart: 3 }, 3)).toEqual({ tokens: [2, 3, 4, 5], answerStart: 1 });
  });
});

async function preconditionedGradients(): Promise<Float32Array[]> {
  const preconditioner = preconditionerOf(secondMoment, 1e-8);
  const runtime = await openRuntime('exact', { threads: 1 });
  const source = new RowGradients(base, adapter, runtime);
  const result: Float32Array[] = [];
  for (const row of rows) {
    result.push(precondition(await source.gradient(encodeRow(base.tokenizer, row.text)), preconditioner));
  }
  await runtime.close();
  return result;
}

/**
 * What sketches stand for, in the rows' span and in double precision. With rows W·Z of at most the middle length of
 * their datanet, their Gram matrix WZZᵀW = U E Uᵀ, directions V = ZᵀW U E^(−½) and coordinates C = Z·V, scores are
 * C (E + λ)⁻¹ Cᵀ, in which the longest fifth of a datanet's rows are cut to the others.
 */
async function denseScores(z: readonly Float32Array[]): Promise<number[][]> {
  const n = z.length;
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const gram = z.map((a) => z.map((b) => dot(a, b)));
  const shortened = (norms: readonly number[], share: number) =>
    norms.map((norm, i) => {
      const own = norms.filter((_, j) => rows[j].datanet === rows[i].datanet).sort((a, b) => a - b);
      return Math.min(1, own[Math.ceil(share * own.length) - 1] / norm);
    });
  const weights = shortened(
    gram.map((row, i) => Math.sqrt(row[i])),
    0.5,
  );
  const weighted = Float64Array.from(
    gram.flatMap((row, i) => row.map((x, j) => weights[i] * x * weights[j])),
  );
  const { values, vectors: u } = await symmetricEigen(weighted, n);
  const lambda = (2 * values.reduce((sum, value) => sum + value, 0)) / n;
  const coordinates = gram.map((row) =>
    Array.from(
      values,
      (e, k) => row.reduce((sum, x, j) => sum + x * weights[j] * u[k * n + j], 0) / Math.sqrt(e),
    ),
  );
  const score = (a: readonly number[], b: readonly number[]) =>
    values.reduce((sum, e, k) => sum + (a[k] * b[k]) / (e + lambda), 0);
  const caps = shortened(
    coordinates.map((c) => Math.sqrt(score(c, c))),
    0.8,
  );
  return coordinates.map((query, q) => coordinates.map((row, i) => score(query, row) * caps[q] * caps[i]));
}
