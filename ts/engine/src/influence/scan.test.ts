import { influenceScore, SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import { expect, test } from 'vitest';
import { Random } from '../numeric/random.ts';
import { SketchScan } from './scan.ts';

const random = new Random(6);
const vector = (make: () => number) => Int8Array.from({ length: SKETCH_LENGTH }, make);

test('gives the scores that plain arithmetic gives, also at the ends of the range', async () => {
  const sketches = Array.from({ length: 1003 }, () => ({
    sigma: random.below(2 ** 24),
    a: vector(() => random.below(16) - 8),
  }));
  sketches.push({ sigma: 2 ** 24 - 1, a: vector(() => 7) }, { sigma: 1, a: vector(() => -8) });
  const queries = [vector(() => random.below(255) - 127), vector(() => 127), vector(() => -128)];
  for (const threads of [1, 3]) {
    const scan = await SketchScan.open(sketches, sketches.length, threads);
    for (const query of queries) {
      const expected = sketches.map((sketch) => Number(influenceScore(sketch, query)));
      expect(Array.from(await scan.scores(query))).toEqual(expected);
    }
    await scan.close();
  }
});

test('refuses a σ that would make scores inexact', async () => {
  const sketch = { sigma: 2 ** 31, a: vector(() => 1) };
  await expect(SketchScan.open([sketch], 1, 1)).rejects.toThrow('too large');
});
