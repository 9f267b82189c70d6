import { describe, expect, it } from 'vitest';
import {
  concat,
  fixed,
  fromHex,
  fromUtf8,
  int64,
  keccak,
  reader,
  sameHex,
  taggedHash,
  toHex,
  uint,
  utf8,
} from './bytes.ts';

describe('bytes', () => {
  it('survive hex and back, in either case', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    expect(fromHex(toHex(bytes))).toEqual(bytes);
    expect(fromHex(toHex(bytes).toUpperCase().replace('0X', '0x') as `0x${string}`)).toEqual(bytes);
  });

  it('refuse text that is not hex', () => {
    expect(() => fromHex('0x0')).toThrow('even number');
    expect(() => fromHex('0x0g')).toThrow('not hexadecimal');
    expect(() => fromHex('00' as `0x${string}`)).toThrow('0x');
  });

  it('hold integers big-endian and never cut them', () => {
    expect(uint(258, 4)).toEqual(Uint8Array.of(0, 0, 1, 2));
    expect(uint(2n ** 96n - 1n, 12)).toEqual(new Uint8Array(12).fill(255));
    expect(() => uint(2n ** 96n, 12, 'fee')).toThrow('fee is 79228162514264337593543950336');
    expect(() => uint(-1, 4)).toThrow('does not fit');
    expect(() => uint(1.5, 4)).toThrow('not an integer');
    expect(int64(-1n)).toEqual(new Uint8Array(8).fill(255));
    expect(() => int64(2n ** 63n)).toThrow('64 bits');
  });

  it('are read back field by field, and never past their end', () => {
    const read = reader(concat(uint(7, 4), '0xaabb', uint(9n, 12)));
    expect([read.number(4), read.hex(2), read.bigint(12), read.offset]).toEqual([7, '0xaabb', 9n, 18]);
    expect(() => read.number(1)).toThrow('data end');
  });

  it('have one keccak-256 however they are given', () => {
    expect(keccak('0x')).toBe('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
    expect(keccak(utf8('ab'), '0x63')).toBe(keccak(utf8('abc')));
    expect(taggedHash(0x61, utf8('bc'))).toBe(keccak(utf8('abc')));
  });

  it('are UTF-8 or an error', () => {
    expect(fromUtf8(utf8('Größe 題'))).toBe('Größe 題');
    expect(() => fromUtf8(Uint8Array.of(0xff))).toThrow();
  });

  it('have exactly the length that a format wants', () => {
    expect(() => fixed('0x01', 32, 'salt')).toThrow('salt has 1 bytes, but the format wants 32');
    expect(sameHex('0xAB', '0xab')).toBe(true);
  });
});
