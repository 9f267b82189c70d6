import { describe, expect, it } from 'vitest';
import { openRuntime } from '../runtime/runtime.ts';
import { Graph } from './graph.ts';

describe('A graph', () => {
  it('refuses operators whose result depends on thread timing or on the rest of the batch', () => {
    const graph = new Graph();
    const x = graph.input('x', 'f32', [2]);
    expect(() =>
      graph.op('ScatterND', [x, x, x], { shape: [2] }, { attributes: { reduction: 'add' } }),
    ).toThrow('ScatterElements');
    expect(() => graph.op('DynamicQuantizeMatMul', [x, x], { shape: [2] })).toThrow('MatMulNBits');
  });

  it('keeps large constants outside of the model, and computes the same with them as inputs', async () => {
    const weights = Float32Array.from({ length: 128 * 96 }, (_, i) => Math.sin(i));
    const x = { data: Float32Array.from({ length: 256 }, (_, i) => Math.cos(i)), dims: [2, 128] };
    const runtime = await openRuntime('native');
    const results = [];
    for (const kind of ['constant', 'shared'] as const) {
      const graph = new Graph();
      const left = graph.input('x', 'f32', ['N', 128]);
      const right = graph[kind](weights, [128, 96], 'w');
      graph.output(graph.op('MatMul', [left, right], { shape: [-1, 96] }), 'y', ['N', 96]);
      const model = graph.build();
      expect(model.bytes.length).toBeLessThan(500);
      expect([...model.files.keys()]).toEqual(kind === 'constant' ? ['w'] : []);
      expect(Object.keys(model.shared)).toEqual(kind === 'constant' ? [] : ['w']);
      const session = await runtime.createSession(model);
      results.push([...(await session.run({ x })).y.data]);
    }
    expect(results[0][0]).toBeCloseTo(
      x.data.subarray(0, 128).reduce((sum, value, i) => sum + value * weights[i * 96], 0),
      4,
    );
    expect(results[1]).toEqual(results[0]);
    await runtime.close();
  });

  it('runs as the ONNX model that it writes, with free dimensions', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'f32', ['N', 2]);
    const w = graph.constant(Float32Array.of(1, 2, 3, 4), [2, 2]);
    graph.output(graph.op('MatMul', [x, w], { shape: [-1, 2] }), 'y', ['N', 2]);
    const runtime = await openRuntime('native');
    const session = await runtime.createSession(graph.build());
    const { y } = await session.run({ x: { data: Float32Array.of(1, 1, 0, 2), dims: [2, 2] } });
    expect([...y.data]).toEqual([4, 6, 6, 8]);
    await expect(session.run({})).rejects.toThrow('x');
    await session.close();
    await expect(session.run({})).rejects.toThrow('closed');
    await runtime.close();
  });

  it('reports a model that the runtime cannot load, and leaves it usable', async () => {
    const runtime = await openRuntime('native');
    const broken = { bytes: new Uint8Array([1, 2, 3]), files: new Map(), shared: {} };
    await expect(runtime.createSession(broken)).rejects.toThrow();
    const graph = new Graph();
    graph.output(graph.constant(Float32Array.of(7), [1]), 'y');
    const { y } = await (await runtime.createSession(graph.build())).run({});
    expect([...y.data]).toEqual([7]);
    await runtime.close();
  });
});
