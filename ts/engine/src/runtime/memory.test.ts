import { describe, expect, it } from 'vitest';
import { Graph, type Model } from '../onnx/graph.ts';
import { checkFits, ResidentSessions } from './memory.ts';
import { openRuntime } from './runtime.ts';

describe('Sessions within a budget of memory', () => {
  it('go in the order in which they were last used, and only as many as have to', () => {
    const sessions = new ResidentSessions(100);
    expect(sessions.use(1, 40)).toEqual({ isNew: true, evicted: [] });
    expect(sessions.use(2, 40)).toEqual({ isNew: true, evicted: [] });
    expect(sessions.use(1, 40)).toEqual({ isNew: false, evicted: [] });
    expect(sessions.use(3, 30)).toEqual({ isNew: true, evicted: [2] });
    expect(sessions.use(4, 500)).toEqual({ isNew: true, evicted: [1, 3] });
    expect(sessions.delete(3)).toBe(false);
    expect(sessions.delete(4)).toBe(true);
  });

  it('are loaded again when they are run after they had to go, also all at once', async () => {
    const runtime = await openRuntime('native', { sessionBytes: 2 ** 17 });
    const sessions = await Promise.all([1, 2, 3].map((factor) => runtime.createSession(scaled(factor))));
    const x = { data: new Float32Array(2 ** 14).fill(5), dims: [2 ** 14] };
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
    ]) {
      const results = await Promise.all(order.map((i) => sessions[i].run({ x })));
      expect(results.map(({ y }) => y.data[7])).toEqual(order.map((i) => 5 * (i + 1)));
    }
    await sessions[0].close();
    await expect(sessions[0].run({ x })).rejects.toThrow('closed');
    await runtime.close();
  });
});

describe('The exact profile', () => {
  it('refuses weights that its 4 GiB cannot hold, and says what to do', () => {
    expect(() => checkFits('exact', 4.4e9)).toThrow(/take 4\.1 GiB.*Choose the native profile/);
    expect(() => checkFits('exact', 5e8)).not.toThrow();
    expect(() => checkFits('native', 4.4e9)).not.toThrow();
  });
});

/** x · factor, with a constant of 64 KiB. */
function scaled(factor: number): Model {
  const graph = new Graph();
  const x = graph.input('x', 'f32', [2 ** 14]);
  const constant = graph.constant(new Float32Array(2 ** 14).fill(factor), [2 ** 14]);
  graph.output(graph.op('Mul', [x, constant], { shape: [2 ** 14] }), 'y');
  return graph.build();
}
