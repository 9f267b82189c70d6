import { join } from 'node:path';
import { loadBase } from '@openledger/engine/model/base';
import { createBaseEmbedder, type Embedder } from '@openledger/engine/retrieval/embedder';
import { describe, expect, it } from 'vitest';
import { createEmbeddingEngine } from './embedding-engine.ts';

const base = await loadBase(join(import.meta.dirname, '../../../models/base'));
const never = new AbortController().signal;

describe('the embedding engine', () => {
  it('gives the vectors that retrieval uses: of length 1, closer for texts that are alike', async () => {
    const embedder = await createBaseEmbedder(base);
    const engine = createEmbeddingEngine(base, async () => embedder);
    const texts = ['The keeper lit the lamp.', 'The keeper lit the lamps.', 'Bread is made of flour.'];
    const [one, alike, other] = await engine.embed(texts, never);
    expect(one).toEqual(await embedder.embed(texts[0]));
    expect(one).toHaveLength(engine.dimensions);
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    expect(dot(one!, one!)).toBeCloseTo(1, 5);
    expect(dot(one!, alike!)).toBeGreaterThan(dot(one!, other!));
    expect(engine.encode(texts, undefined)).toEqual(texts.flatMap((text) => base.tokenizer.encode(text)));
    await embedder.close();
  });

  it('refuses what it cannot embed: other dimensions, and texts that the model cannot read', () => {
    const engine = createEmbeddingEngine(base, () => expect.unreachable());
    expect(() => engine.encode(['a'], 8)).toThrow('cannot be shortened to 8');
    expect(() => engine.encode(['a'], engine.dimensions)).not.toThrow();
    expect(() => engine.encode(['ok', 'word '.repeat(5_000)], undefined)).toThrow(/input\.1 has \d+ tokens/);
  });

  it('works one call at a time, refuses when too many wait, and goes on after a failure', async () => {
    let running = 0;
    let failing = true;
    const embedder = {
      embed: async () => {
        running += 1;
        expect(running).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running -= 1;
        if (failing) throw new Error('down');
        return Float32Array.of(1);
      },
    } as unknown as Embedder;
    const engine = createEmbeddingEngine(base, async () => embedder);
    const calls = Array.from({ length: 17 }, () => engine.embed(['a'], never));
    const results = await Promise.allSettled(calls);
    expect(results.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'overloaded' } });
    expect(results[0]).toMatchObject({ status: 'rejected', reason: { message: 'down' } });
    failing = false;
    expect(await engine.embed(['a', 'b'], never)).toHaveLength(2);
  });
});
