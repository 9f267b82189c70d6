import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NEAR_DUPLICATE, nearDuplicates } from '@openledger/engine/dataset/duplicates';
import { prepareDataset } from '@openledger/engine/dataset/prepare';
import { jaccard, SHINGLE_WORDS, shinglesOf } from '@openledger/engine/dataset/words';
import { Random } from '@openledger/engine/numeric/random';
import { pythonJson } from './python.ts';
import { type Metric, report } from './report.ts';

const ROWS = 100_000;

/** A row, and the place of the earlier row that it is an edited copy of. */
type Row = { text: string; copyOf: number | undefined };

/**
 * Near-duplicates among 100,000 short rows, of which one in ten is an edited copy of an earlier one, beside datasketch, the
 * usual MinHash library of Python, with its default of 128 hashes. Both verify their candidates exactly, so precision is 1;
 * recall counts the copies whose exact similarity reaches the threshold.
 */
export async function run(): Promise<void> {
  const rows = makeRows();
  const texts = rows.map(({ text }) => text);
  const copies = rows.flatMap(({ text, copyOf }, place) => {
    if (copyOf === undefined) return [];
    return jaccard(shinglesOf(text), shinglesOf(texts[copyOf])) >= NEAR_DUPLICATE ? [place] : [];
  });
  const recall = (found: ReadonlySet<number>) =>
    copies.filter((place) => found.has(place)).length / copies.length;

  const started = performance.now();
  const clusters = nearDuplicates(texts);
  const seconds = (performance.now() - started) / 1000;
  const found = new Set(clusters.flatMap(({ others }) => others.map(({ place }) => place)));

  const anchor = await datasketch(texts);
  const anchorSeconds = anchor?.seconds ?? null;
  const anchorRecall = anchor === undefined ? null : recall(new Set(anchor.near));
  const whole = prepareSeconds(texts);
  const metric = (
    name: string,
    ours: number,
    other: number | null,
    target: string,
    pass: boolean,
  ): Metric => ({
    ...{ bench: 'dataset', metric: name, ours, anchor: other, target, pass },
    ratio: other === null ? null : ours / other,
  });
  report([
    metric(
      'near-duplicates, rows/s',
      ROWS / seconds,
      anchorSeconds === null ? null : ROWS / anchorSeconds,
      '≥ 1.0× datasketch',
      anchorSeconds === null || seconds <= anchorSeconds,
    ),
    metric('recall of near copies', recall(found), anchorRecall, '≥ 0.999', recall(found) >= 0.999),
    metric('whole report of 100k rows, s', whole, null, '≤ 60 s', whole <= 60),
  ]);
}

/** Seconds for the whole report: hashes, roots, licences, duplicates, sensitive patterns and lengths. */
function prepareSeconds(texts: readonly string[]): number {
  const content = new TextEncoder().encode(texts.join('\n\n'));
  const started = performance.now();
  prepareDataset(
    [
      {
        ...{ id: 1, datanet: 1, name: 'bench', licence: 'CC0-1.0', promise: {}, content },
        ...({ standing: 'accepted', permission: 'open' } as const),
      },
    ],
    { use: 'commercial' },
  );
  return (performance.now() - started) / 1000;
}

async function datasketch(
  texts: readonly string[],
): Promise<{ seconds: number; near: readonly number[] } | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'openledger-bench-dataset-'));
  try {
    const path = join(folder, 'rows.txt');
    await writeFile(path, texts.join('\n'));
    const args = [path, String(SHINGLE_WORDS), String(NEAR_DUPLICATE)];
    const answer = await pythonJson('dataset_datasketch.py', args);
    return answer as { seconds: number; near: number[] } | undefined;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Rows of 15 to 34 words; one in ten is an earlier row with one or two words changed. */
function makeRows(): Row[] {
  const random = new Random(1);
  const rows: Row[] = [];
  for (let place = 0; place < ROWS; place += 1) {
    const copyOf = place > 0 && random.uniform() < 0.1 ? random.below(place) : undefined;
    const words =
      copyOf === undefined
        ? Array.from(
            { length: 15 + random.below(20) },
            () => `word${Math.floor(random.uniform() ** 2 * 20_000)}`,
          )
        : rows[copyOf].text.split(' ');
    if (copyOf !== undefined) {
      for (let edits = 1 + random.below(2); edits > 0; edits -= 1) {
        words[random.below(words.length)] = `word${20_000 + random.below(20_000)}`;
      }
    }
    rows.push({ text: words.join(' '), copyOf });
  }
  return rows;
}
