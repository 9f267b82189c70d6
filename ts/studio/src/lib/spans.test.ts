import { expect, test } from 'vitest';
import { coverage, cutAtSpans } from './spans.ts';

const pieces = (text: string, spans: { outOff: number; len: number }[]) =>
  cutAtSpans(text, spans).map((segment) => [segment.text, segment.spans]);

test('a text without spans is one piece', () => {
  expect(pieces('plain', [])).toEqual([['plain', []]]);
});

test('a span cuts the text in three', () => {
  expect(pieces('one two three', [{ outOff: 4, len: 3 }])).toEqual([
    ['one ', []],
    ['two', [0]],
    [' three', []],
  ]);
});

test('overlapping spans share their common piece', () => {
  expect(
    pieces('abcdef', [
      { outOff: 0, len: 4 },
      { outOff: 2, len: 4 },
    ]),
  ).toEqual([
    ['ab', [0]],
    ['cd', [0, 1]],
    ['ef', [1]],
  ]);
});

test('a nested span is covered by both', () => {
  expect(
    pieces('abcdef', [
      { outOff: 0, len: 6 },
      { outOff: 2, len: 2 },
    ]),
  ).toEqual([
    ['ab', [0]],
    ['cd', [0, 1]],
    ['ef', [0]],
  ]);
});

test('offsets are bytes: characters of two, three and four bytes come before the span', () => {
  const text = 'é€😀abc!';
  expect(pieces(text, [{ outOff: 2 + 3 + 4, len: 3 }])).toEqual([
    ['é€😀', []],
    ['abc', [0]],
    ['!', []],
  ]);
});

test('a span of multi-byte characters has their length in bytes', () => {
  expect(pieces('a😀éb', [{ outOff: 1, len: 6 }])).toEqual([
    ['a', []],
    ['😀é', [0]],
    ['b', []],
  ]);
});

test('a span that begins or ends inside a character takes the whole character', () => {
  expect(pieces('a😀b', [{ outOff: 3, len: 1 }])).toEqual([
    ['a', []],
    ['😀', [0]],
    ['b', []],
  ]);
});

test('a span that runs past the end stops there, and an empty one covers nothing', () => {
  expect(pieces('abc', [{ outOff: 1, len: 99 }])).toEqual([
    ['a', []],
    ['bc', [0]],
  ]);
  expect(pieces('abc', [{ outOff: 1, len: 0 }])).toEqual([['abc', []]]);
  expect(pieces('', [{ outOff: 0, len: 5 }])).toEqual([]);
});

test('markup in an answer is text like any other', () => {
  const text = '**bold** `{x}` [a](b)';
  expect(
    cutAtSpans(text, [{ outOff: 2, len: 12 }])
      .map(({ text: t }) => t)
      .join(''),
  ).toBe(text);
});

test('a repeated phrase is highlighted where the offset says, not where it first occurs', () => {
  expect(pieces('ha ha ha', [{ outOff: 6, len: 2 }])).toEqual([
    ['ha ha ', []],
    ['ha', [0]],
  ]);
});

test('coverage counts overlapping bytes once', () => {
  expect(
    coverage('abcdefghij', [
      { outOff: 0, len: 4 },
      { outOff: 2, len: 4 },
    ]),
  ).toBeCloseTo(0.6);
  expect(coverage('éé', [{ outOff: 0, len: 2 }])).toBeCloseTo(0.5);
  expect(coverage('', [])).toBe(0);
});
