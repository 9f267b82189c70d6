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

  it('says so when its weights are more than a model can hold', () => {
    const graph = new Graph();
    graph.constant(new Float32Array(2 ** 29), [2 ** 29]);
    expect(() => graph.encode()).toThrow('take 2.0 GiB');
  });

  it('runs as the ONNX model that it writes, with free dimensions', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'f32', ['N', 2]);
    const w = graph.constant(Float32Array.of(1, 2, 3, 4), [2, 2]);
    graph.output(graph.op('MatMul', [x, w], { shape: [-1, 2] }), 'y', ['N', 2]);
    const runtime = await openRuntime('native');
    const session = await runtime.createSession(graph.encode());
    const { y } = await session.run({ x: { data: Float32Array.of(1, 1, 0, 2), dims: [2, 2] } });
    expect([...y.data]).toEqual([4, 6, 6, 8]);
    await expect(session.run({})).rejects.toThrow('x');
    await session.close();
    await expect(session.run({})).rejects.toThrow('closed');
    await runtime.close();
  });

  it('reports a model that the runtime cannot load, and leaves it usable', async () => {
    const runtime = await openRuntime('native');
    await expect(runtime.createSession(new Uint8Array([1, 2, 3]))).rejects.toThrow();
    const graph = new Graph();
    graph.output(graph.constant(Float32Array.of(7), [1]), 'y');
    const { y } = await (await runtime.createSession(graph.encode())).run({});
    expect([...y.data]).toEqual([7]);
    await runtime.close();
  });
});
