import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from './half.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

describe('Half precision', () => {
  it('gives back every finite half-precision number', () => {
    for (let half = 0; half < 0x10000; half += 1) {
      const value = fromHalf(half);
      if (Number.isFinite(value)) expect(toHalf(value)).toBe(Object.is(value, -0) ? 0x8000 : half);
    }
  });

  it('rounds to the nearest, ties to the even one', () => {
    expect(fromHalf(toHalf(1 + 2 ** -11))).toBe(1);
    expect(fromHalf(toHalf(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(fromHalf(toHalf(2 ** -25))).toBe(0);
    expect(fromHalf(toHalf(1.5 * 2 ** -24))).toBe(2 ** -23);
    expect(fromHalf(toHalf(70_000))).toBe(Number.POSITIVE_INFINITY);
    expect(fromHalf(toHalf(-65_519))).toBe(-65_504);
    expect(fromHalf(toHalf(Number.NaN))).toBeNaN();
  });
});

describe('A safetensors file', () => {
  const tensors = new Map([
    ['weight', { shape: [2, 3], data: Float32Array.of(1, -2, 0.5, 3.25, 1e-3, -65504) }],
    ['7', { shape: [1], data: Float32Array.of(4) }],
  ]);

  it('keeps float32 values, shapes and metadata', () => {
    const { tensors: back, metadata } = decodeSafetensors(encodeSafetensors(tensors, 'F32', { step: '3' }));
    expect(back.get('weight')).toEqual(tensors.get('weight'));
    expect(back.get('7')).toEqual(tensors.get('7'));
    expect(metadata).toEqual({ step: '3' });
  });

  it('rounds to half precision when asked to, in half the bytes', () => {
    const bytes = encodeSafetensors(tensors, 'F16');
    const { data } = decodeSafetensors(bytes).tensors.get('weight')!;
    expect(data[0]).toBe(1);
    expect(data[4]).toBeCloseTo(1e-3, 6);
    expect(encodeSafetensors(tensors, 'F32').length - bytes.length).toBe(7 * 2);
  });

  it('is refused when it was cut short', () => {
    const bytes = encodeSafetensors(tensors, 'F32');
    expect(() => decodeSafetensors(bytes.subarray(0, bytes.length - 4))).toThrow('do not fit');
    expect(() => decodeSafetensors(bytes.subarray(0, 20))).toThrow('cut short');
    expect(() => decodeSafetensors(new Uint8Array(3))).toThrow('shorter than 8 bytes');
  });
});
