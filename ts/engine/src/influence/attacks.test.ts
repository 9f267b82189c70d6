import { influenceScore } from '@openledger/sdk/protocol/sketch';
import { describe, expect, it } from 'vitest';
import { tinyAdapter, tinyBase } from '../../test/tiny-model.ts';
import { decodeBasis } from './basis.ts';
import { buildInfluence, type Influence, type InfluenceRow } from './build.ts';

const texts = Array.from({ length: 12 }, (_, i) => {
  const name = ['Ash', 'Birch', 'Cedar', 'Dogwood'][i % 4];
  return `What grows at ${name} ${i}?\n${'abcdefghijklmno'.slice(i % 9, (i % 9) + 4)} grows at ${name} ${i}.`;
});
const base = tinyBase(texts);
const adapter = tinyAdapter(base);
const secondMoment = adapter.weights.map((_, i) => (1e-4 * (1 + (i % 7))) ** 2);
const rowsOf = (asset: number, own: readonly string[]): InfluenceRow[] =>
  own.map((text, row) => ({ asset, row, text }));
const build = (rows: readonly InfluenceRow[]) =>
  buildInfluence({ base, adapter, secondMoment, rows, profile: 'native', threads: 1 });
const others = rowsOf(4, texts.slice(0, 8));

/** Scores of a contribution for every row as a query, in units of the basis. */
function scoresOf({ basis, contributions, rows }: Influence, assets: readonly number[]): number[] {
  const { gain } = decodeBasis(basis);
  const own = contributions.filter(({ asset }) => assets.includes(asset));
  return rows
    .filter(({ asset }) => asset === 4)
    .map((query) => own.reduce((sum, one) => sum + Number(influenceScore(one, query.a)), 0) / gain);
}

describe('An attacker', () => {
  it('gets the same in all from several identities as from one', async () => {
    const own = texts.slice(8);
    const whole = await build([...others, ...rowsOf(8, own)]);
    const one = scoresOf(whole, [8]);
    const split = await build([...others, ...own.flatMap((text, i) => rowsOf(8 + 4 * i, [text]))]);
    const many = scoresOf(split, [8, 12, 16, 20]);
    const largest = Math.max(...scoresOf(whole, [4]).map(Math.abs));
    many.forEach((score, q) => {
      expect(Math.abs(score - one[q]) / largest).toBeLessThan(0.03);
    });
  });

  it('gets for a copy of a row what the row gets, and no more', async () => {
    const { rows } = await build([...others, ...rowsOf(8, [texts[3]])]);
    const [original] = rows.filter(({ asset, row }) => asset === 4 && row === 3);
    const [copy] = rows.filter(({ asset }) => asset === 8);
    expect({ sigma: copy.sigma, a: copy.a }).toEqual({ sigma: original.sigma, a: original.a });
  });

  it('cannot grow by a row with an outsized gradient: its sketch is no longer than another row’s', async () => {
    const many = Array.from(
      { length: 120 },
      (_, i) => `${texts[i % 8].split('\n')[0]}\nIt is ${i} of ${i % 5}.`,
    );
    const loud = `Say it?\n${Array.from({ length: 40 }, (_, i) => 'zqxjkv'[i % 6]).join('')}`;
    const { rows, basis } = await build([...rowsOf(4, many), ...rowsOf(8, [loud])]);
    const [{ norm }] = decodeBasis(basis).caps;
    const { gain } = decodeBasis(basis);
    const lengths = rows.map(({ sigma, a }) => {
      const square = a.reduce((sum, x) => sum + x * x, 0);
      return (sigma * Math.sqrt(square)) / (65_536 * gain);
    });
    const own = lengths.at(-1)!;
    // Rounding to four bits adds about a hundredth.
    expect(own / norm).toBeCloseTo(1, 1);
    const longest = lengths.slice(0, -1).toSorted((a, b) => b - a);
    expect(own).toBeLessThan(1.02 * longest[0]);
  });
});
