import { afterAll, describe, expect, it } from 'vitest';
import { tinyBase, tinyRows } from '../../test/tiny-base.ts';
import type { Adapter } from '../adapter/peft.ts';
import { createGenerator, withAdapter } from '../generation/generator.ts';
import { buildDecodeGraph } from '../llama/decode-graph.ts';
import { loraLayout } from '../llama/parameters.ts';
import { Random } from '../numeric/random.ts';
import { floatsOf, openRuntime } from '../runtime/runtime.ts';
import { encodeSamples, type RowFormat } from '../training/rows.ts';
import { evaluateModel } from './evaluate.ts';
import { textOf } from './exact-match.ts';
import { measurePerplexity } from './perplexity.ts';
import { evaluationResult } from './result.ts';
import { evaluationTable } from './table.ts';

const base = tinyBase();
const rows = tinyRows.map(({ text }) => text);
const runtime = await openRuntime('native');
afterAll(() => runtime.close());

const random = new Random(2);
const adapter: Adapter = {
  rank: 3,
  alpha: 6,
  rankStabilised: false,
  weights: new Float32Array(loraLayout(base.config, 3).size).map(() => 0.5 * random.normal()),
};

/** Mean negative log probability of what counts, token by token from the logits of the graph that answers. */
async function lossFromLogits(
  adapter: Adapter | undefined,
  format: RowFormat = 'chat',
): Promise<{ loss: number; tokens: number }> {
  const session = await runtime.createSession(
    buildDecodeGraph(base.config, { baseWeights: base.weights, allLogits: true }),
  );
  let [sum, count] = [0, 0];
  const samples = rows.flatMap((row) => encodeSamples(base.tokenizer, format, row, base.config.maxPositions));
  for (const { tokens, answerStart } of samples) {
    const length = tokens.length;
    const mask = new Float32Array(length * length);
    for (let i = 0; i < length; i += 1) mask.fill(-1e9, i * length + i + 1, (i + 1) * length);
    const empty = { data: new Float32Array(), dims: [1, base.config.kvHeads, 0, base.config.headDim] };
    const lora = loraLayout(base.config, adapter?.rank ?? 1).slots.map(({ name, shape, offset, size }) => {
      const scaling = adapter === undefined ? 0 : name.endsWith('B') ? adapter.alpha / adapter.rank : 1;
      const values = adapter?.weights.subarray(offset, offset + size) ?? new Float32Array(size);
      return [name, { data: values.map((value) => scaling * value), dims: [1, ...shape] }] as const;
    });
    const caches = [0, 1].flatMap((layer) =>
      [`past.${layer}.k`, `past.${layer}.v`].map((name) => [name, empty]),
    );
    const outputs = await session.run({
      ids: { data: BigInt64Array.from(tokens, BigInt), dims: [1, length] },
      positions: { data: BigInt64Array.from(tokens.keys(), BigInt), dims: [1, length] },
      mask_past: { data: new Float32Array(), dims: [1, 1, 1, 0] },
      mask_new: { data: mask, dims: [1, 1, length, length] },
      ...Object.fromEntries(caches),
      ...Object.fromEntries(lora),
    });
    const logits = floatsOf(outputs.logits);
    for (let i = answerStart; i < length; i += 1) {
      const row = logits.subarray((i - 1) * base.config.vocabSize, i * base.config.vocabSize);
      sum -= row[tokens[i]] - Math.log(row.reduce((total, value) => total + Math.exp(value), 0));
      count += 1;
    }
  }
  await session.close();
  return { loss: sum / count, tokens: count };
}

describe('Perplexity', () => {
  it('is that of the answers’ tokens, one by one, for base and adapter', async () => {
    const measured = await measurePerplexity({ runtime, base, adapter, rows });
    const [before, after] = [await lossFromLogits(undefined), await lossFromLogits(adapter)];
    expect(measured.tokens).toBe(before.tokens);
    expect(measured.before.loss).toBeCloseTo(before.loss, 4);
    expect(measured.after?.loss).toBeCloseTo(after.loss, 4);
    expect(measured.before.perplexity).toBeCloseTo(Math.exp(before.loss), 1);
    expect(Math.abs(after.loss - before.loss)).toBeGreaterThan(1e-3);
  });
});

describe('Perplexity of plain text', () => {
  it('counts every token but the first of a row', async () => {
    const measured = await measurePerplexity({ runtime, base, rows, format: 'text' });
    const expected = await lossFromLogits(undefined, 'text');
    expect(measured.tokens).toBe(expected.tokens);
    expect(measured.before.loss).toBeCloseTo(expected.loss, 4);
  });
});

describe('An evaluation', () => {
  it('compares a model with its base, and says the same again', async () => {
    const generator = createGenerator(base);
    const prompt = 'Who rang the bell?';
    const messages = [{ role: 'user', content: prompt }] as const;
    const said = await withAdapter(generator, adapter, (adapters) =>
      textOf(generator.generate({ messages, adapters, maxTokens: 12 })),
    );
    await generator.close();
    const options = {
      base,
      adapter,
      adapterHash: base.weightsHash,
      datanets: [{ id: 7, name: 'Lamps', trained: true, rows }],
      tasks: [
        {
          name: 'bells',
          questions: [
            { question: prompt, answer: said.trim() },
            { question: prompt, answer: 'Nobody.' },
          ],
        },
      ],
      prompts: [prompt],
      maxTokens: 12,
    };
    const result = await evaluateModel(options);
    expect(evaluationResult.parse(result)).toEqual(result);
    expect(result.exactMatch).toEqual([{ task: 'bells', questions: 2, base: 0, adapter: 1 }]);
    expect(result.sideBySide.map(({ temperature }) => temperature)).toEqual([0, 0.8]);
    expect(result.sideBySide[0].adapter).toBe(said);
    expect(await evaluateModel(options)).toEqual(result);
    const table = evaluationTable(result);
    expect(table).toContain('Lamps');
    expect(table).toContain('50.0 %');
    expect(table).toContain('Who rang the bell? (temperature 0.8, seed 1)');
  });

  it('of a base model alone leaves the adapter’s columns empty', async () => {
    const result = await evaluateModel({
      base,
      datanets: [{ id: 7, name: 'Lamps', trained: false, rows }],
      tasks: [],
      prompts: [],
    });
    expect(result.perplexity[0].adapter).toBeNull();
    expect(result.adapter).toBeNull();
    expect(evaluationTable(result)).toContain('—');
  });
});
