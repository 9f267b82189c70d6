import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { writeFileAtomic } from '../files/atomic.ts';
import { longestMatches, type SpanLimits } from './longest-matches.ts';
import { type MaximalOptions, type MaximalSpan, maximalSpans } from './maximal-spans.ts';
import { mergeShards } from './merge.ts';
import { readShard, writeShard } from './shard-file.ts';
import type { SortTask } from './sort-worker.ts';
import {
  BYTE_SYMBOLS,
  indexOf,
  type LaidOut,
  layOut,
  type SpanIndex,
  type TokenDocument,
  withoutAssets,
} from './span-index.ts';
import { type SpanMatch, sortMatches } from './windows.ts';

/** Shards of one size class that are made one: of a 4-times larger class. */
const FANOUT = 4;
/** Texts up to this many symbols are sorted at once, as starting a thread would take longer. */
const SORT_HERE = 1 << 16;
const MANIFEST = 'index.json';

const manifestSchema = z.strictObject({
  type: z.literal('span-store'),
  version: z.literal(1),
  vocabulary: z.number().int().positive(),
  /** The number of the next shard. */
  next: z.number().int().nonnegative(),
  shards: z.array(
    z.strictObject({
      file: z.string().regex(/^\d+\.spans$/),
      /** Contributions that were taken down; they are still in the file, and nowhere else. */
      removed: z.array(z.number().int().positive()),
    }),
  ),
});
type Manifest = z.infer<typeof manifestSchema>;
type Entry = Manifest['shards'][number];

/**
 * Span indexes of a growing corpus in a folder. Every addition is a shard, a file that never changes; small shards
 * are made larger ones when `compact` is called. The manifest names the shards in force and is replaced as a whole,
 * so a crash leaves the state before or after. One process may change a folder at a time.
 */
export type SpanStore = {
  /** The shards in memory, without what was removed. */
  readonly shards: readonly SpanIndex[];
  /** Adds contributions: one more shard. */
  append(documents: readonly TokenDocument[]): Promise<void>;
  /** Takes contributions down: from now on no answer shows that they were there. Sorts nothing. */
  remove(assets: readonly number[]): Promise<void>;
  /**
   * Makes shards of like size one, and drops removed text, in a thread of its own; searches go on meanwhile. Returns
   * whether there was something to do.
   */
  compact(): Promise<boolean>;
  longestMatches(output: ArrayLike<number>, limits?: SpanLimits): SpanMatch[];
  maximalSpans(output: ArrayLike<number>, options: MaximalOptions): MaximalSpan[];
};

/**
 * Opens a folder of shards, or makes one.
 *
 * @param vocabulary How many tokens there are; 256, the default, for bytes.
 * @throws If a file is damaged, or was made for another vocabulary.
 */
export async function openSpanStore(folder: string, vocabulary = BYTE_SYMBOLS): Promise<SpanStore> {
  await mkdir(folder, { recursive: true });
  let manifest = await readManifest(folder, vocabulary);
  const loaded = new Map<string, SpanIndex>();
  for (const { file, removed } of manifest.shards) {
    loaded.set(file, withoutAssets(await readShard(join(folder, file)), new Set(removed)));
  }
  await removeLeftovers(folder, manifest);
  let queue: Promise<unknown> = Promise.resolve();
  let compacting = false;

  /** Changes one after the other, whoever asks. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = queue.then(change);
    queue = result.catch(() => undefined);
    return result;
  }
  const shards = () => manifest.shards.map(({ file }) => loaded.get(file)!);
  async function commit(next: Manifest): Promise<void> {
    await writeFileAtomic(join(folder, MANIFEST), `${JSON.stringify(next)}\n`);
    manifest = next;
  }
  async function write(index: SpanIndex): Promise<string> {
    const file = `${manifest.next}.spans`;
    await writeShard(join(folder, file), index);
    return file;
  }

  async function add(documents: readonly TokenDocument[]): Promise<void> {
    const known = new Set(shards().flatMap((shard) => shard.documents.map(({ asset }) => asset)));
    const twice = documents.find(({ asset }) => known.has(asset));
    if (twice !== undefined) throw new Error(`Asset ${twice.asset} is in the index. Remove it first.`);
    const index = await sorted(layOut(documents, vocabulary), vocabulary);
    const file = await write(index);
    loaded.set(file, index);
    const entry = { file, removed: [] };
    await commit({ ...manifest, next: manifest.next + 1, shards: [...manifest.shards, entry] });
  }

  async function takeDown(assets: readonly number[]): Promise<void> {
    const changed = manifest.shards.map(({ file, removed }) => {
      const has = new Set(loaded.get(file)!.documents.map(({ asset }) => asset));
      return { file, removed: [...removed, ...new Set(assets.filter((asset) => has.has(asset)))] };
    });
    await commit({ ...manifest, shards: changed });
    for (const { file, removed } of changed) {
      loaded.set(file, withoutAssets(loaded.get(file)!, new Set(removed)));
    }
  }

  async function merge(sources: readonly Entry[]): Promise<void> {
    const index = await sorted(mergeShards(sources.map(({ file }) => loaded.get(file)!)), vocabulary);
    await inTurn(async () => {
      const file = await write(index);
      const has = new Set(index.documents.map(({ asset }) => asset));
      const merged = new Set(sources.map((source) => source.file));
      // What was taken down since the merge began is in the merged text.
      const removed = manifest.shards
        .filter((shard) => merged.has(shard.file))
        .flatMap((shard) => shard.removed)
        .filter((asset) => has.has(asset));
      loaded.set(file, withoutAssets(index, new Set(removed)));
      const others = manifest.shards.filter((shard) => !merged.has(shard.file));
      const entry = { file, removed };
      await commit({ ...manifest, next: manifest.next + 1, shards: [...others, entry] });
      for (const name of merged) {
        loaded.delete(name);
        await rm(join(folder, name), { force: true });
      }
    });
  }

  async function compact(): Promise<boolean> {
    if (compacting) return false;
    compacting = true;
    try {
      let done = false;
      for (let sources = toMerge(manifest.shards, loaded); sources.length > 0; ) {
        await merge(sources);
        done = true;
        sources = toMerge(manifest.shards, loaded);
      }
      return done;
    } finally {
      compacting = false;
    }
  }

  return {
    get shards() {
      return shards();
    },
    append: (documents) => inTurn(() => add(documents)),
    remove: (assets) => inTurn(() => takeDown(assets)),
    compact,
    longestMatches: (output, limits) =>
      sortMatches(shards().flatMap((shard) => longestMatches(shard, output, limits))),
    maximalSpans: (output, options) => maximalSpans(shards(), output, options),
  };
}

/** Four shards of one size class, or one of which more than a quarter was removed. */
function toMerge(entries: readonly Entry[], loaded: ReadonlyMap<string, SpanIndex>): readonly Entry[] {
  const classes = new Map<number, Entry[]>();
  for (const entry of entries) {
    const { text, suffixes, documents } = loaded.get(entry.file)!;
    const present = suffixes.length + documents.length;
    if (entry.removed.length > 0 && present < text.length * 0.75) return [entry];
    const size = Math.floor(Math.log(Math.max(1, text.length)) / Math.log(FANOUT));
    const alike = [...(classes.get(size) ?? []), entry];
    if (alike.length === FANOUT) return alike;
    classes.set(size, alike);
  }
  return [];
}

async function sorted(laidOut: LaidOut, largest: number): Promise<SpanIndex> {
  const { text } = laidOut;
  if (text.length <= SORT_HERE) return indexOf(laidOut, largest);
  const workerData: SortTask = { text, largest };
  const worker = new Worker(new URL('./sort-worker.ts', import.meta.url), { workerData });
  const suffixes = await new Promise<Int32Array>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('The thread that sorts suffixes stopped. Is memory short?')));
  });
  return indexOf(laidOut, largest, suffixes);
}

async function readManifest(folder: string, vocabulary: number): Promise<Manifest> {
  let json: string;
  try {
    json = await readFile(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { type: 'span-store', version: 1, vocabulary, next: 0, shards: [] };
  }
  const manifest = parseManifest(json);
  if (manifest === undefined) {
    throw new Error(`${join(folder, MANIFEST)} is damaged. Build the index again from the contributions.`);
  }
  if (manifest.vocabulary !== vocabulary) {
    throw new Error(
      `The index in ${folder} is of ${manifest.vocabulary} tokens, not ${vocabulary}. Use another folder.`,
    );
  }
  return manifest;
}

function parseManifest(json: string): Manifest | undefined {
  try {
    return manifestSchema.parse(JSON.parse(json));
  } catch {
    return undefined;
  }
}

/** Deletes what a crash left behind: shards that no manifest names, and half-written files. */
async function removeLeftovers(folder: string, manifest: Manifest): Promise<void> {
  const named = new Set(manifest.shards.map(({ file }) => file));
  for (const name of await readdir(folder)) {
    const ours = /^(\d+\.spans|index\.json)(\.\d+\.tmp)?$/.test(name);
    if (ours && name !== MANIFEST && !named.has(name)) await rm(join(folder, name), { force: true });
  }
}
