import { afterAll, describe, expect, it } from 'vitest';
import { tinyBase } from '../../test/tiny-base.ts';
import type { Adapter } from '../adapter/peft.ts';
import { loraLayout } from '../llama/parameters.ts';
import type { Quantization } from '../llama/quantize.ts';
import { Random } from '../numeric/random.ts';
import {
  createGenerator,
  type GeneratedToken,
  type GenerateOptions,
  type GenerationResult,
  GeneratorBusyError,
} from './generator.ts';
import { createResidency } from './residency.ts';
import { logProbabilities, sampleToken } from './sampling.ts';

const base = tinyBase();
const generator = createGenerator(base);
afterAll(() => generator.close());

const messages = [{ role: 'user', content: 'Who rang the bell?' }] as const;

type Run = GenerationResult & { readonly generated: GeneratedToken[] };

async function run(options: GenerateOptions, from = generator): Promise<Run> {
  const tokens = from.generate(options);
  const generated: GeneratedToken[] = [];
  for (;;) {
    const next = await tokens.next();
    if (next.done) return { ...next.value, generated };
    generated.push(next.value);
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
    expect(result.generated.map(({ text }) => text).join('')).toBe(result.text);
    expect(result.tokens.length === 75 || result.finishReason === 'stop').toBe(true);
  });

  it('repeats an answer for the same seed and gives another for another seed', async () => {
    const options = { messages, maxTokens: 12, temperature: 1.5, topP: 0.95 };
    const first = await run({ ...options, seed: 1 });
    expect((await run({ ...options, seed: 1 })).tokens).toEqual(first.tokens);
    expect((await run({ ...options, seed: 2 })).tokens).not.toEqual(first.tokens);
  });

  it('answers each request with its own adapter, to the last bit as if it were alone', async () => {
    const ranks = [0, 2, 3, 5, 1, 0, 4];
    const requests = ranks.map((rank, i) => ({
      messages: [{ role: 'user' as const, content: 'Who rang the bell? '.repeat(1 + (i % 3)) }],
      adapters: rank === 0 ? [] : [{ adapter: generator.load(randomAdapter(i, rank)) }],
      maxTokens: 4 + 3 * i,
      logProbabilities: 2,
    }));
    const alone: Run[] = [];
    for (const request of requests) alone.push(await run(request));
    const together = await Promise.all(requests.map((request) => run(request)));
    expect(together.map(({ generated }) => generated)).toEqual(alone.map(({ generated }) => generated));
    expect(new Set(alone.slice(1, 5).map(({ tokens }) => tokens.slice(0, 5).join())).size).toBe(4);
  });

  it('gives the same bits when there are more requests than places', async () => {
    const small = createGenerator(base, { maxBatch: 2, maxWaiting: 3, prefillChunk: 4 });
    const request = (i: number) => ({ messages, maxTokens: 3 + i, seed: i, temperature: 1 });
    const together = await Promise.all([0, 1, 2, 3, 4].map((i) => run(request(i), small)));
    for (const [i, result] of together.entries()) {
      expect(result.tokens).toEqual((await run(request(i), small)).tokens);
    }
    await small.close();
  });

  it('refuses a request that finds no place, and every request once it drains', async () => {
    const small = createGenerator(base, { maxBatch: 1, maxWaiting: 0 });
    const first = small.generate({ messages, maxTokens: 5 });
    await first.next();
    await expect(run({ messages }, small)).rejects.toThrow(GeneratorBusyError);
    const drained = small.drain();
    await expect(run({ messages }, small)).rejects.toThrow('shutting down');
    expect(small.active).toBe(1);
    await first.return(undefined as never);
    await drained;
    await small.close();
  });

  it('closes in the middle of answers, whose readers are told', async () => {
    const other = createGenerator(base);
    const answers = [0, 1, 2].map((seed) =>
      other.generate({ messages, seed, temperature: 1, maxTokens: 60 }),
    );
    await Promise.all(answers.map((answer) => answer.next()));
    const ends = Promise.allSettled(
      answers.map(async (answer) => {
        for await (const _ of answer);
      }),
    );
    await other.close();
    expect((await ends).map(({ status }) => status)).toContain('rejected');
    await other.close();
    await expect(run({ messages }, other)).rejects.toThrow('closed');
  });

  it('answers with weights in eight and in four bits, the nearer to float32 the more bits', async () => {
    const adapter = randomAdapter(9, 4);
    const logProbabilityOf = async (quantization?: Quantization) => {
      const own = createGenerator(base, { quantization });
      try {
        const adapters = [{ adapter: own.load(adapter) }];
        const { generated } = await run({ messages, adapters, maxTokens: 1, logProbabilities: 40 }, own);
        return new Map(generated[0].top!.map(({ token, logProbability }) => [token, logProbability]));
      } finally {
        await own.close();
      }
    };
    const [plain, eight, four] = [
      await logProbabilityOf(),
      await logProbabilityOf('q8'),
      await logProbabilityOf('q4'),
    ];
    const furthest = (other: typeof plain) =>
      Math.max(
        ...[...plain].flatMap(([id, value]) => (other.has(id) ? [Math.abs(value - other.get(id)!)] : [])),
      );
    expect(furthest(eight)).toBeGreaterThan(0);
    expect(furthest(eight)).toBeLessThan(furthest(four) / 2);
    expect(furthest(four)).toBeLessThan(0.5);
  });

  it('adds weighted adapters: one twice as heavy equals one added twice, and halves equal a whole', async () => {
    const adapter = generator.load(randomAdapter(9, 2));
    const greedy = { messages, maxTokens: 8 };
    const whole = await run({ ...greedy, adapters: [{ adapter }] });
    const halves = await run({
      ...greedy,
      adapters: [
        { adapter, weight: 0.5 },
        { adapter, weight: 0.5 },
      ],
    });
    expect(halves.tokens).toEqual(whole.tokens);
    const double = await run({ ...greedy, adapters: [{ adapter, weight: 2 }] });
    expect(double.tokens).toEqual((await run({ ...greedy, adapters: [{ adapter }, { adapter }] })).tokens);
    expect(double.tokens).not.toEqual(whole.tokens);
  });

  it('keeps adapters within a budget of bytes, the least used and unpinned leaving first', async () => {
    const bytes = randomAdapter(1, 2).weights.byteLength;
    const residency = createResidency<string>(generator, 2 * bytes);
    const one = residency.put('one', () => randomAdapter(1, 2));
    residency.put('two', () => randomAdapter(2, 2));
    residency.get('one');
    residency.put('three', () => randomAdapter(3, 2));
    expect(residency.list().map(({ key }) => key)).toEqual(['one', 'three']);
    residency.setPinned('one', true);
    residency.put('four', () => randomAdapter(4, 2));
    expect(residency.list().map(({ key }) => key)).toEqual(['one', 'four']);
    expect(residency.put('one', () => expect.fail('it is loaded'))).toBe(one);
    residency.delete('one');
    await expect(run({ messages, adapters: [{ adapter: one }] })).rejects.toThrow('was unloaded');
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

  it('reports log-probabilities of all tokens, the likeliest first', () => {
    const { logProbability, top } = logProbabilities(logits, 0, 3);
    const total = [...logits].reduce((sum, logit) => sum + Math.exp(logit), 0);
    expect(logProbability).toBeCloseTo(1 - Math.log(total), 12);
    expect(top.map(({ token }) => token)).toEqual([1, 2, 0]);
  });
});
