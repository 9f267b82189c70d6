import { expect, test } from 'vitest';
import { readSettings } from './settings.ts';

test('empty fields are left to the preset', () => {
  expect(readSettings({ epochs: '', rank: ' ' })).toEqual({ settings: {}, problems: [] });
});

test('numbers are read with point or comma', () => {
  expect(readSettings({ learningRate: '0,002', epochs: '3' }).settings).toEqual({
    learningRate: 0.002,
    epochs: 3,
  });
});

test('a value out of bounds says what is allowed', () => {
  expect(readSettings({ rank: '100' }).problems).toEqual(['rank must be a whole number from 1 to 64']);
  expect(readSettings({ epochs: '1.5' }).problems).toHaveLength(1);
  expect(readSettings({ batch: 'many' }).problems).toHaveLength(1);
});
