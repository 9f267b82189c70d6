import { describe, expect, it } from 'vitest';
import { isValidationRow, splitValidation } from './split.ts';

const rows = Array.from({ length: 2000 }, (_, i) => ({ text: `Question ${i}?\nAnswer ${i}.` }));

describe('The validation split', () => {
  it('takes about its share of the rows, and others with another seed', () => {
    const { train, validation } = splitValidation({ perMillion: 100_000, seed: 1 }, rows);
    expect(train.length + validation.length).toBe(rows.length);
    expect(Math.abs(validation.length - 200)).toBeLessThan(50);
    expect(splitValidation({ perMillion: 100_000, seed: 2 }, rows).validation).not.toEqual(validation);
  });

  it('puts a row on the same side whatever else there is, and a larger share keeps the smaller one', () => {
    const split = { perMillion: 200_000, seed: 1 };
    const { validation } = splitValidation(split, rows.slice(0, 300));
    expect(splitValidation(split, rows).validation.slice(0, validation.length)).toEqual(validation);
    const larger = splitValidation({ ...split, perMillion: 300_000 }, rows).validation;
    expect(larger).toEqual(expect.arrayContaining(validation));
  });

  it('is fixed: the same text and seed always give the same side', () => {
    const sides = rows
      .slice(0, 16)
      .map(({ text }) => isValidationRow({ perMillion: 500_000, seed: 9 }, text));
    expect(sides.map(Number).join('')).toBe('0110111010011011');
  });

  it('says so when a side would be empty', () => {
    expect(() => splitValidation({ perMillion: 1, seed: 1 }, rows.slice(0, 3))).toThrow('No row falls into');
    const kept = rows.filter(({ text }) => isValidationRow({ perMillion: 500_000, seed: 1 }, text));
    expect(() => splitValidation({ perMillion: 500_000, seed: 1 }, kept)).toThrow('no row to train on');
  });
});
