import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '@openledger/engine/numeric/random';
import { buildFmIndex, fmBytes, fmMaximalSpans } from '@openledger/engine/spans/fm-index';
import { allocateArrays } from '@openledger/engine/spans/index-memory';
import { longestAt, longestByArrays, NO_LIMIT } from '@openledger/engine/spans/longest';
import { maximalSpans } from '@openledger/engine/spans/maximal-spans';
import { readShard, writeShard } from '@openledger/engine/spans/shard-file';
import { sortByKernel } from '@openledger/engine/spans/sort';
import { indexIn, indexOf, type SpanIndex } from '@openledger/engine/spans/span-index';
import { suffixArray } from '@openledger/engine/spans/suffix-array';
import { keyCount, keysOf } from '@openledger/engine/spans/tables';
import { type Metric, median, report } from './report.ts';
import { type MadeCorpus, makeAnswer, makeCorpus, VOCABULARY } from './spans-corpus.ts';
import { type InfiniGram, runInfiniGram } from './spans-infini.ts';
import { memoryLimits } from './spans-limits.ts';

const ANSWER = 1000;
const MIN_SPAN = 8;
/** The compressed index is measured on a part of the corpus: making it needs 12 bytes a token. */
const FM_PART = 10;

/**
 * The span index on a made corpus of 100 million tokens (`--tokens`), beside a plain binary search in the same
 * language, infini-gram where `--python` has it, and what the machine's memory allows. Builds are judged by the
 * processor seconds of their one thread, so that other work on the machine does not count; wall seconds are printed.
 */
export async function run(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      tokens: { type: 'string', default: '100000000' },
      answers: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      python: { type: 'string', default: process.env.OPENLEDGER_PYTHON ?? 'python3' },
    },
  });
  const tokens = Number(values.tokens);
  const limits = memoryLimits();
  console.log(
    `memory: ${limits.dependentNs.toFixed(0)} ns per dependent load, ${limits.overlappedNs.toFixed(1)} ns overlapped, ` +
      `${limits.gigabytesPerSecond.toFixed(1)} GB/s`,
  );
  const corpus = makeCorpus(tokens, Number(values.seed));
  const random = new Random(Number(values.seed) + 1);
  const answers = Array.from({ length: Number(values.answers) }, () => makeAnswer(corpus, ANSWER, random));
  const infini = runInfiniGram(values.python, corpus, answers);
  const metrics: Metric[] = [];
  const add = (metric: string, ours: number, target: string, anchor?: number) =>
    metrics.push(metricOf(metric, ours, target, anchor));

  const scale = tokens / 1e8;
  const native = timed('build, WebAssembly', () => sortByKernel(corpus.text, VOCABULARY));
  add('build, WebAssembly, CPU s', native.cpu, `<= ${45 * scale}`, infini?.build);
  const scripted = timed('build, TypeScript', () => suffixArray(corpus.text, VOCABULARY));
  add('build, TypeScript, CPU s', scripted.cpu, `<= ${90 * scale}`, infini?.build);
  if (Buffer.compare(bytesOf(native.value), bytesOf(scripted.value)) !== 0) {
    throw new Error('The two suffix arrays differ.');
  }
  const index = indexOf(laidOut(corpus), VOCABULARY, scripted.value);
  const size = await fileSize(index);
  add('file, bytes per token', size / tokens, '<= 6', infini && infini.size / tokens);
  add('memory, bytes per token', memoryOf(index) / tokens, '');

  searches(index, answers, infini, add);
  compressed(corpus, answers, add);
  // Twelve loads from memory per place: six halvings, each of the suffix array and of the text.
  add('twelve overlapped loads per token, ms', (12 * limits.overlappedNs * ANSWER) / 1e6, '');
  report(metrics);
}

type Add = (metric: string, ours: number, target: string, anchor?: number) => void;

/** Longest matches at all places of an answer, and maximal spans with their sources, per 1,000 tokens. */
function searches(
  index: SpanIndex,
  answers: readonly Uint16Array[],
  infini: InfiniGram | undefined,
  add: Add,
): void {
  const symbols = answers.map((answer) => Int32Array.from(answer));
  const plain = times(symbols.slice(0, 50), (answer) => plainSearch(index, answer));
  const arrays = inArrays(index);
  const scripted = times(symbols, (answer) =>
    longestByArrays(arrays, answer, keysOf(answer, VOCABULARY, NO_LIMIT), NO_LIMIT),
  );
  for (const answer of symbols.slice(0, 50)) {
    const found = longestAt(index, answer).lengths;
    if (!plainSearch(index, answer).every((length, at) => length === found[at])) {
      throw new Error('The searches differ from plain binary search.');
    }
  }
  add('query p50, TypeScript, ms', median(scripted), '<= 5', median(plain));
  add('query p99, TypeScript, ms', percentile(scripted, 99), '', percentile(plain, 99));
  if (index.search !== undefined) {
    const native = times(symbols, (answer) => longestAt(index, answer));
    add('query p50, WebAssembly, ms', median(native), '<= 1.5', median(plain));
    add('query p99, WebAssembly, ms', percentile(native, 99), '', percentile(plain, 99));
    add('query p50 against the stretch goal, ms', median(native), '<= 0.5', median(plain));
  }
  const tokens = symbols.map((answer) => answer.map((symbol) => symbol - 1));
  const spans = times(tokens, (answer) => maximalSpans(index, answer, { minLen: MIN_SPAN }));
  add('spans with sources p50, ms', median(spans), '', infini && median([...infini.times]));
  add('spans with sources p99, ms', percentile(spans, 99), '', infini && percentile([...infini.times], 99));
  if (infini !== undefined) {
    const same = tokens.filter((answer, i) => {
      const ours = maximalSpans(index, answer, { minLen: MIN_SPAN });
      return (
        JSON.stringify(ours.map((span) => [span.outOff, span.len, span.count])) ===
        JSON.stringify(infini.spans[i])
      );
    });
    add('answers with the same spans as infini-gram, %', (100 * same.length) / tokens.length, '>= 100');
  }
}

/** The compressed index of a part of the corpus. */
function compressed(corpus: MadeCorpus, answers: readonly Uint16Array[], add: Add): void {
  const part = partOf(corpus);
  const { value: index, cpu } = timed('build, compressed', () => buildFmIndex(laidOut(part), VOCABULARY));
  const tokens = answers.map((answer) => answer.map((symbol) => symbol - 1));
  const spans = times(tokens.slice(0, 50), (answer) => fmMaximalSpans(index, answer, { minLen: MIN_SPAN }));
  add(
    `compressed, of ${part.tokens} tokens: size over 16-bit text`,
    fmBytes(index) / (part.tokens * 2),
    '<= 1',
  );
  add('compressed: CPU s per million tokens to build', (cpu / part.tokens) * 1e6, '');
  add('compressed: spans with sources p50, ms', median(spans), '');
}

function partOf(corpus: MadeCorpus): MadeCorpus {
  const end = corpus.text.indexOf(0, Math.floor(corpus.text.length / FM_PART)) + 1;
  const text = corpus.text.slice(0, end);
  const starts = corpus.starts.filter((start) => start < end);
  return { text, starts, tokens: text.reduce((count, symbol) => count + Number(symbol !== 0), 0) };
}

function laidOut({ text, starts }: MadeCorpus) {
  const documents = starts.map((start, i) => ({
    asset: i + 1,
    start,
    length: (starts[i + 1] ?? text.length) - 1 - start,
  }));
  return { documents, text };
}

/** The same index in typed arrays, so that TypeScript searches it. */
function inArrays({ documents, text, suffixes }: SpanIndex): SpanIndex {
  const memory = allocateArrays({ width: 2, symbols: 0, suffixes: 0, largest: VOCABULARY });
  const keys = new Int32Array(keyCount(suffixes.length));
  return indexIn({ ...memory, text, suffixes, keys }, documents, VOCABULARY);
}

/** One binary search of the whole suffix array per place, as OLMoTrace does: the anchor in the same language. */
function plainSearch({ text, suffixes }: SpanIndex, answer: Int32Array): Int32Array {
  return answer.map((_, at) => {
    const shared = (place: number) => {
      let length = 0;
      while (at + length < answer.length && text[suffixes[place] + length] === answer[at + length])
        length += 1;
      return length;
    };
    let low = 0;
    let high = suffixes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const length = shared(middle);
      const less = at + length < answer.length && text[suffixes[middle] + length] < answer[at + length];
      if (less) low = middle + 1;
      else high = middle;
    }
    return Math.max(low > 0 ? shared(low - 1) : 0, low < suffixes.length ? shared(low) : 0);
  });
}

async function fileSize(index: SpanIndex): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'spans-bench-'));
  try {
    const path = join(folder, 'index.spans');
    const size = await writeShard(path, index);
    const started = performance.now();
    await readShard(path);
    console.log(`file read, checked and ready in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return size;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function memoryOf({ text, suffixes, tables }: SpanIndex): number {
  return [text, suffixes, tables.firsts, tables.keys].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function timed<T>(name: string, work: () => T): { value: T; cpu: number } {
  const started = performance.now();
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / 1e6;
  console.log(`${name}: ${cpu.toFixed(1)} CPU s, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return { value, cpu };
}

/** Milliseconds of each, after one round to warm up. */
function times<A>(inputs: readonly A[], work: (input: A) => unknown): number[] {
  for (const input of inputs) work(input);
  return inputs.map((input) => {
    const started = performance.now();
    work(input);
    return performance.now() - started;
  });
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))];
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A target is `<= x` or `>= x`; an empty one is a figure without a goal. */
function metricOf(metric: string, ours: number, target: string, anchor: number | undefined): Metric {
  const [comparison, limit] = target.split(' ');
  const pass = comparison === '<=' ? ours <= Number(limit) : comparison !== '>=' || ours >= Number(limit);
  const round = (value: number) => Number(value.toPrecision(4));
  return {
    bench: 'spans',
    metric,
    ours: round(ours),
    anchor: anchor === undefined ? null : round(anchor),
    ratio: anchor === undefined ? null : round(ours / anchor),
    target: target === '' ? 'none' : target,
    pass,
  };
}
