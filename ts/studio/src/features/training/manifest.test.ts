import { expect, test } from 'vitest';
import { describeManifest } from './manifest.ts';

test('a manifest is told in words, with the peak of its learning rates', () => {
  const manifest = {
    data: { rowCount: 36 },
    lora: { rank: 4, alpha: 8, seed: 7 },
    optimizer: { name: 'adamw' },
    batches: { batch: 4, accumulation: 2, seed: 11 },
    steps: 5,
    // 0.001, 0.005, 0.0025 as float32
    learningRates: '0x3a83126f3ba3d70a3b23d70a',
    runtime: { profile: 'exact', package: 'onnxruntime-web@1' },
  };
  const lines = describeManifest(new TextEncoder().encode(JSON.stringify(manifest)));
  expect(Object.fromEntries(lines.map(({ label, value }) => [label, value]))).toMatchObject({
    rank: '4, alpha 8',
    epochs: '1',
    'learning rate': 'up to 0.005',
    seeds: '7, 11',
  });
});
