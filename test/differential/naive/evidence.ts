/**
 * Contents, answers and retrieved rows of a claim, and what must be listed of them, found by trying everything. Shares
 * nothing with ts/sdk or src/.
 */
import {
  bytesToHex,
  concatHex,
  encodeAbiParameters,
  encodePacked,
  type Hex,
  keccak256,
  stringToHex,
} from 'viem';
import type { Rng } from '../rng.ts';
import * as naive from './hashes.ts';
import { depth, type Leaf, root } from './trees.ts';

export type Listing = Omit<naive.I, 'amount'>;
/** A contribution: its rows, the content that they make, and where each row starts. */
export type Contribution = { asset: number; rows: string[]; content: string; input: Hex };
export type ContextRow = { asset: number; row: number; score: bigint; bytesHash: Hex };
export type Match = { outOff: number; srcOff: number; len: number };

const ZERO: Hex = `0x${'00'.repeat(32)}`;
const LETTERS = 'abcdefgh ';
const letters = (random: Rng, length: number) =>
  Array.from({ length }, () => LETTERS[random.int(LETTERS.length)]).join('');

// ------------------------------------------------------------------------------------------------- contributions

export function createContribution(random: Rng, asset: number, shared: string): Contribution {
  const rows = Array.from({ length: 1 + random.int(5) }, () => letters(random, 30 + random.int(200)));
  // A passage that others have as well.
  if (random.int(2) === 0) rows.push(`${letters(random, 9)}${shared}`);
  const content = rows.join('\n\n');
  return { asset, rows, content, input: encodeInput(random, rows, content) };
}

const INPUT = [
  ['uint40', 'datanetId'],
  ['bytes32', 'contentRoot'],
  ['uint40', 'byteLength'],
  ['bytes32', 'rowsRoot'],
  ['uint32', 'rowCount'],
  ['uint8', 'kind'],
  ['uint40', 'refersTo'],
  ['uint32', 'firstRow'],
  ['string', 'licence'],
  ['bytes32', 'sourceHash'],
  ['string', 'uri'],
] as const;

function encodeInput(random: Rng, rows: string[], content: string): Hex {
  const components = INPUT.map(([type, name]) => ({ type, name }));
  const values = {
    datanetId: 1,
    contentRoot: contentRoot(content),
    byteLength: content.length,
    rowsRoot: root(rowLeaves(rows), depth(rows.length), false).hash,
    rowCount: rows.length,
    kind: 0,
    refersTo: 0,
    firstRow: 0,
    licence: 'CC0-1.0',
    sourceHash: random.hash(),
    uri: `store:${random.hash()}`,
  };
  return encodeAbiParameters([{ type: 'tuple', components }] as never, [values] as never);
}

export function rowPreimage(rows: string[], row: number): Hex {
  const before = rows.slice(0, row).reduce((sum, one) => sum + one.length + 2, 0);
  return encodePacked(
    ['uint32', 'uint40', 'uint32', 'bytes32'],
    [row, before, rows[row]!.length, keccak256(stringToHex(rows[row]!))],
  );
}
export const rowLeaves = (rows: string[]): Leaf[] =>
  rows.map((_, row) => ({
    position: row,
    hash: keccak256(concatHex(['0x22', rowPreimage(rows, row)])),
    sum: 0n,
  }));

/** Word `index` of a text, filled with zeros. */
export const word = (text: string, index: number): Hex =>
  bytesToHex(Uint8Array.from({ length: 32 }, (_, i) => text.charCodeAt(32 * index + i) || 0));
export const wordsOf = (text: string) => Math.ceil(text.length / 32);
export const contentLeaves = (content: string): Leaf[] =>
  Array.from({ length: wordsOf(content) }, (_, position) => ({
    position,
    hash: naive.contentWord(word(content, position)),
    sum: 0n,
  }));
export const contentRoot = (content: string) =>
  root(contentLeaves(content), depth(wordsOf(content)), false).hash;

export const corpusPreimage = ({ asset, content }: Contribution): Hex =>
  encodePacked(['uint40', 'bytes32', 'uint40'], [asset, contentRoot(content), content.length]);
export const corpusLeaves = (corpus: Contribution[]): Leaf[] =>
  corpus.map((one) => ({
    position: one.asset,
    hash: naive.corpusLeaf(one.asset, contentRoot(one.content), one.content.length),
    sum: 0n,
  }));

// ------------------------------------------------------------------------------------------------------- answers

/** An answer that quotes some of the corpus; sometimes nothing at all. */
export function randomOutput(random: Rng, corpus: Contribution[]): string {
  if (random.int(6) === 0) return '';
  let output = letters(random, 20 + random.int(60));
  for (let i = 0; i < random.int(6); i++) {
    const { content } = random.pick(corpus);
    const from = random.int(content.length);
    output += content.slice(from, from + 40 + random.int(600)) + letters(random, random.int(40));
  }
  return output;
}

export const wordSalt = (salt: Hex, index: number) =>
  keccak256(encodePacked(['bytes32', 'uint32'], [salt, index]));
export const outputLeaves = (salt: Hex, output: string): Leaf[] =>
  Array.from({ length: wordsOf(output) }, (_, position) => ({
    position,
    hash: naive.outputWord(salt, position, word(output, position)),
    sum: 0n,
  }));
export const outputRoot = (salt: Hex, output: string) =>
  root(outputLeaves(salt, output), depth(wordsOf(output)), false).hash;

const matches = new Map<string, Match>();

/** The longest match, up to 512 bytes; of equal ones the first in the answer, then in the content. */
export function longestMatch(output: string, content: string): Match {
  const key = `${output}|${content}`;
  if (!matches.has(key)) matches.set(key, findLongest(output, content));
  return matches.get(key)!;
}

function findLongest(output: string, content: string): Match {
  let best: Match = { outOff: 0, srcOff: 0, len: 0 };
  let before = new Uint16Array(content.length + 1);
  // Lengths of the matches that start at `outOff`, from those that start one byte later.
  for (let outOff = output.length - 1; outOff >= 0; outOff--) {
    const lengths = new Uint16Array(content.length + 1);
    for (let srcOff = content.length - 1; srcOff >= 0; srcOff--) {
      if (output.charCodeAt(outOff) === content.charCodeAt(srcOff))
        lengths[srcOff] = Math.min(before[srcOff + 1]! + 1, 512);
      if (lengths[srcOff]! >= best.len && lengths[srcOff]! > 0)
        best = { outOff, srcOff, len: lengths[srcOff]! };
    }
    before = lengths;
  }
  return best;
}

export function spanListing(asset: number, { outOff, srcOff, len }: Match): Listing {
  return { asset, kind: 1, score: BigInt(len), evidence: naive.spanEvidence(outOff, srcOff, len) };
}

// ------------------------------------------------------------------------------------------------------- context

export function randomContext(random: Rng, contributions: Contribution[]): ContextRow[] {
  return Array.from({ length: random.int(5) }, () => {
    const { asset, rows } = random.pick(contributions);
    const row = random.int(rows.length);
    const score = 1n + random.bigint(4n) * 250n;
    return { asset, row, score, bytesHash: keccak256(stringToHex(rows[row]!)) };
  });
}

export const contextPreimage = ({ asset, row, score, bytesHash }: ContextRow): Hex =>
  encodePacked(['uint40', 'uint32', 'int64', 'bytes32'], [asset, row, score, bytesHash]);
export const contextLeaves = (context: ContextRow[]): Leaf[] =>
  context.map((one, position) => ({
    position,
    hash: keccak256(concatHex(['0x23', contextPreimage(one)])),
    sum: 0n,
  }));
export const contextRoot = (context: ContextRow[]): Hex =>
  context.length === 0 ? ZERO : root(contextLeaves(context), 4, false).hash;

export const retrievalEvidence = (row: number, position: number): Hex =>
  encodePacked(['uint32', 'uint16', 'bytes8'], [row, position, '0x0000000000000000']);

/** Per asset the best row; of equal ones the first. */
export function retrievalListings(context: ContextRow[]): Listing[] {
  const best = new Map<number, Listing>();
  for (const [position, { asset, row, score }] of context.entries()) {
    if (score <= (best.get(asset)?.score ?? 0n)) continue;
    best.set(asset, { asset, kind: 2, score, evidence: retrievalEvidence(row, position) });
  }
  return [...best.values()];
}
