import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from './bytes.ts';
import { contentTree, outputTree, randomSalt, splitRows, words } from './content.ts';
import { plainRoot } from './trees.ts';

const rowsOf = (text: string) =>
  splitRows(utf8(text)).map(({ byteOffset, bytes }) => [byteOffset, fromUtf8(bytes)]);

describe('rows', () => {
  it('are the parts between blank lines', () => {
    expect(rowsOf('a\nb\n\nc')).toEqual([
      [0, 'a\nb'],
      [5, 'c'],
    ]);
  });

  it('do not include line feeds around them, however many', () => {
    expect(rowsOf('\n\na\n\n\n\nb\n')).toEqual([
      [2, 'a'],
      [7, 'b'],
    ]);
    expect(rowsOf('a\n')).toEqual([[0, 'a']]);
    expect(rowsOf('')).toEqual([]);
    expect(rowsOf('\n\n\n')).toEqual([]);
  });

  it('are counted in bytes, not characters', () => {
    expect(rowsOf('é題\n\nb')).toEqual([
      [0, 'é題'],
      [7, 'b'],
    ]);
  });

  it('must be UTF-8', () => {
    expect(() => splitRows(Uint8Array.of(0x61, 0xff))).toThrow();
  });
});

describe('content', () => {
  it('is cut into words, the last one filled with zeros', () => {
    const cut = words(utf8('x'.repeat(33)));
    expect(cut).toHaveLength(2);
    expect(cut[1]).toEqual(Uint8Array.of(0x78, ...new Uint8Array(31)));
  });

  it('has another root with every other byte', () => {
    expect(plainRoot(contentTree(utf8('abc')))).not.toBe(plainRoot(contentTree(utf8('abd'))));
  });

  it('of an answer cannot be guessed without its salt', () => {
    const answer = utf8('yes');
    expect(plainRoot(outputTree(randomSalt(), answer))).not.toBe(plainRoot(outputTree(randomSalt(), answer)));
  });
});
