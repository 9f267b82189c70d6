/** Measures the corpus: `node ts/models/src/corpus-stats.ts` prints what the tests assert. */
import { buildCorpus, type CorpusDocument, proseDocuments } from './corpus.ts';
import { loadWorld, worldContributions } from './world.ts';

/** What is known about a corpus. Words are separated by white space; runs of words do not cross documents. */
export type CorpusStats = {
  readonly documents: number;
  readonly bytes: number;
  readonly chatBytes: number;
  readonly chatDocuments: number;
  readonly words: number;
  readonly distinctWords: number;
  /** Distinct runs of five words, as a share of all runs of five words. */
  readonly distinct5: number;
  /** The commonest run of eight words, and its share of all runs of eight words. */
  readonly top8: { readonly text: string; readonly share: number };
};

/** A document's text as it is counted. */
export function textOf(document: CorpusDocument): string {
  return document.kind === 'text' ? document.text : `${document.question}\n${document.answer}`;
}

/** Counts bytes, words and repeated runs. */
export function corpusStats(documents: readonly CorpusDocument[]): CorpusStats {
  let bytes = 0;
  let chatBytes = 0;
  let words = 0;
  let runs5 = 0;
  let runs8 = 0;
  const vocabulary = new Set<string>();
  const seen5 = new Set<string>();
  const seen8 = new Map<string, number>();
  for (const document of documents) {
    const text = textOf(document);
    const size = Buffer.byteLength(text);
    bytes += size;
    if (document.kind === 'chat') chatBytes += size;
    const list = text.split(/\s+/).filter((word) => word !== '');
    words += list.length;
    for (let i = 0; i < list.length; i++) {
      vocabulary.add(list[i]!);
      if (i + 5 <= list.length) {
        runs5++;
        seen5.add(list.slice(i, i + 5).join(' '));
      }
      if (i + 8 <= list.length) {
        runs8++;
        const run = list.slice(i, i + 8).join(' ');
        seen8.set(run, (seen8.get(run) ?? 0) + 1);
      }
    }
  }
  let top = { text: '', share: 0 };
  for (const [text, count] of seen8) if (count / runs8 > top.share) top = { text, share: count / runs8 };
  return {
    documents: documents.length,
    bytes,
    chatBytes,
    chatDocuments: documents.filter((document) => document.kind === 'chat').length,
    words,
    distinctWords: vocabulary.size,
    distinct5: seen5.size / runs5,
    top8: top,
  };
}

/** The longest run of characters, up to `limit`, that any answer of the demo world shares with the corpus. */
export function longestWorldRun(
  documents: readonly CorpusDocument[],
  limit = 60,
): { length: number; run: string } {
  const text = documents.map(textOf).join('\n');
  const answers = worldContributions(loadWorld()).flatMap((c) => c.rows.map((row) => row.answer));
  let [low, high, run] = [0, limit, ''];
  // Whether a run of some length is shared can only turn from yes to no as the length grows.
  while (low < high) {
    const length = (low + high + 1) >> 1;
    const found = sharedRun(text, answers, length);
    if (found === undefined) high = length - 1;
    else [low, run] = [length, found];
  }
  return { length: low, run };
}

function sharedRun(text: string, answers: readonly string[], length: number): string | undefined {
  const runs = new Set<string>();
  for (const answer of answers) {
    for (let i = 0; i + length <= answer.length; i++) runs.add(answer.slice(i, i + length));
  }
  for (let i = 0; i + length <= text.length; i++) {
    const run = text.slice(i, i + length);
    if (runs.has(run)) return run;
  }
  return undefined;
}

/** Bytes of prose. */
export function proseBytes(): number {
  return proseDocuments().reduce((sum, document) => sum + Buffer.byteLength(textOf(document)), 0);
}

if (import.meta.main) {
  const documents = buildCorpus();
  const stats = corpusStats(documents);
  const percent = (share: number): string => `${(share * 100).toFixed(3)} %`;
  process.stdout.write(
    [
      `documents            ${stats.documents} (${stats.chatDocuments} chat)`,
      `bytes                ${stats.bytes} (prose ${proseBytes()})`,
      `chat share           ${percent(stats.chatBytes / stats.bytes)} of all, ${percent(stats.chatBytes / (stats.bytes - proseBytes()))} of generated`,
      `words                ${stats.words} (${stats.distinctWords} distinct)`,
      `distinct 5-grams     ${percent(stats.distinct5)}`,
      `commonest 8-gram     ${percent(stats.top8.share)} "${stats.top8.text}"`,
      `longest shared run   ${longestWorldRun(documents).length} characters with the world: "${longestWorldRun(documents).run}"`,
      '',
    ].join('\n'),
  );
}
