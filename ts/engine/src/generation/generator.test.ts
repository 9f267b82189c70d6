import { afterAll, describe, expect, it } from 'vitest';
import { tinyBase } from '../../test/tiny-base.ts';
import type { Adapter } from '../adapter/peft.ts';
import { loraLayout } from '../llama/parameters.ts';
import { Random } from '../numeric/random.ts';
import { createGenerator, type GenerateOptions, type GenerationResult } from './generator.ts';
import { sampleToken } from './sampling.ts';

const base = tinyBase();
const generator = createGenerator(base);
afterAll(() => generator.close());

const messages = [{ role: 'user', content: 'Who rang the bell?' }] as const;

async function run(options: GenerateOptions): Promise<GenerationResult & { pieces: string[] }> {
  const tokens = generator.generate(options);
  const pieces: string[] = [];
  for (;;) {
    const next = await tokens.next();
    if (next.done) return { ...next.value, pieces };
    pieces.push(next.value.text);
  }
}

function randomAdapter(seed: number, rank: number): Adapter {
  const random = new Random(seed);
  const weights = new Float32Array(loraLayout(base.config, rank).size).map(() => 0.2 * random.normal());
  return { rank, alpha: 2 * rank, rankStabilised: false, weights };
}

describe('The generator', () => {
  it('streams pieces that add up to its text, and continues past the first block of its cache', async () => {
    const result = await run({ messages, maxTokens: 75 });
    expect(result.pieces.join('')).toBe(result.text);
    expect(result.tokens.length === 75 || result.finishReason === 'stop').toBe(true);
  });

  it('repeats an answer for the same seed and gives another for another seed', async () => {
    const options = { messages, maxTokens: 12, temperature: 1.5, topP: 0.95 };
    const first = await run({ ...options, seed: 1 });
    expect((await run({ ...options, seed: 1 })).tokens).toEqual(first.tokens);
    expect((await run({ ...options, seed: 2 })).tokens).not.toEqual(first.tokens);
  });

  it('answers with another adapter per request, also when requests run side by side', async () => {
    const requests = [undefined, randomAdapter(1, 2), randomAdapter(2, 3)].map((adapter) => ({
      messages,
      adapter,
      maxTokens: 10,
    }));
    const alone = [];
    for (const request of requests) alone.push((await run(request)).tokens);
    const together = await Promise.all(requests.map(run));
    expect(together.map((result) => result.tokens)).toEqual(alone);
    expect(new Set(alone.map((tokens) => tokens.join())).size).toBe(3);
  });

  it('ends at a stop string and leaves it out', async () => {
    const whole = await run({ messages, maxTokens: 20 });
    const stop = whole.text.slice(3, 5);
    const result = await run({ messages, maxTokens: 20, stop: [stop] });
    expect(result.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
    expect(result.finishReason).toBe('stop');
  });

  it('stops when it is told to, and serves the next request', async () => {
    const controller = new AbortController();
    const tokens = generator.generate({ messages, maxTokens: 60, temperature: 2, signal: controller.signal });
    await tokens.next();
    controller.abort(new Error('enough'));
    await expect(tokens.next()).rejects.toThrow('enough');
    expect((await run({ messages, maxTokens: 2 })).promptTokens.length).toBeGreaterThan(3);
  });

  it('says how long a prompt may be when it is too long', async () => {
    await expect(run({ prompt: 'bell '.repeat(100) })).rejects.toThrow('reads 95 at most');
    await expect(run({ prompt: '' })).rejects.toThrow('empty');
  });
});

describe('Sampling', () => {
  const logits = Float32Array.of(1, 3, 3, -2);

  it('takes the first of the most likely tokens at temperature 0', () => {
    expect(sampleToken(logits, { temperature: 0, topP: 1 }, new Random(1))).toBe(1);
  });

  it('draws only from the tokens that reach top-p, in their proportion', () => {
    const random = new Random(4);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 2000; i += 1) counts[sampleToken(logits, { temperature: 1, topP: 0.9 }, random)] += 1;
    expect(counts[0] + counts[3]).toBe(0);
    expect(Math.abs(counts[1] - 1000)).toBeLessThan(100);
  });
});
