import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MadeCorpus } from './spans-corpus.ts';

/** What infini-gram needs for the same work. */
export type InfiniGram = {
  /** Seconds to build, on two processors. */
  readonly build: number;
  /** Bytes of its index files. */
  readonly size: number;
  /** Milliseconds per answer, and the maximal spans of at least 8 tokens found: place, length, count. */
  readonly times: readonly number[];
  readonly spans: readonly (readonly (readonly [number, number, number])[])[];
};

const SEPARATOR = 0xffff;
const script = fileURLToPath(new URL('./spans-infini.py', import.meta.url));

/** Runs infini-gram over the corpus; undefined where Python has no such package. */
export function runInfiniGram(
  python: string,
  corpus: MadeCorpus,
  answers: readonly Uint16Array[],
): InfiniGram | undefined {
  if (spawnSync(python, ['-c', 'import infini_gram']).status !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'spans-infini-'));
  try {
    writeIndexInput(folder, corpus);
    writeFileSync(
      join(folder, 'answers.json'),
      JSON.stringify(answers.map((answer) => [...answer].map((s) => s - 1))),
    );
    const { status, stdout, stderr } = spawnSync(python, [script, folder], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) {
      console.error(`infini-gram failed, so it is left out: ${stderr.trim().split('\n').at(-1)}`);
      return undefined;
    }
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as InfiniGram;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Its format: 16-bit tokens, every document after a separator; and where each document begins, in bytes. */
function writeIndexInput(folder: string, { text }: MadeCorpus): void {
  const tokens = new Uint16Array(text.length);
  const offsets: bigint[] = [];
  let filled = 0;
  let start = 0;
  for (let end = 0; end < text.length; end += 1) {
    if (text[end] !== 0) continue;
    offsets.push(BigInt(filled * 2));
    tokens[filled++] = SEPARATOR;
    for (let i = start; i < end; i += 1) tokens[filled++] = text[i] - 1;
    start = end + 1;
  }
  writeFileSync(join(folder, 'tokenized.0'), tokens);
  writeFileSync(join(folder, 'offset.0'), new BigUint64Array(offsets));
}
