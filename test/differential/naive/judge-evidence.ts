/**
 * What the predicates on evidence must say of a claim, judged from its parts rather than from a witness, next to the witness
 * that asks the predicate. Shares nothing with ts/sdk or src/.
 */
import { concatHex, type Hex, keccak256, stringToHex } from 'viem';
import type { Rng } from '../rng.ts';
import * as claimTrees from './claim-trees.ts';
import * as claims from './claims.ts';
import * as evidence from './evidence.ts';
import * as naive from './hashes.ts';
import type { Question } from './judge.ts';
import { abi } from './judge.ts';
import { depth, proof, rangeProof } from './trees.ts';

/** Every question about the evidence of receipt `r`. */
export function* evidenceQuestions(
  world: claims.World,
  x: claims.Draft,
  r: number,
  a: claims.Attribution,
  random: Rng,
): Generator<Question> {
  for (const sketch of world.sketches) yield omission(world, x, r, a, sketch);
  for (const [k, { kind }] of a.items.entries()) {
    if (kind === 1) yield span(world, x, r, a, k);
    if (kind === 2) yield itemToRow(world, x, r, a, k);
  }
  for (const contribution of world.corpus) yield* spanOmissions(world, x, r, a, contribution, random);
  for (const position of x.answers[r]!.context.keys()) yield rowToItem(world, x, r, a, position);
}

const opening = (x: claims.Draft, r: number, a: claims.Attribution) => [
  claimTrees.attributionPreimage(a),
  claimTrees.creditIndexes(a),
  claimTrees.attributionPath(x, r),
];
const termsOf = (world: claims.World, { modelId }: claims.Attribution) =>
  world.models[modelId - 1] ?? world.models[0]!;
const hasBit = (scheme: number, bit: number) => Math.floor(scheme / 2 ** bit) % 2 === 1;
/** Whether the header is of the receipt that is shown. */
const isOf = (x: claims.Draft, r: number, a: claims.Attribution) =>
  a.receiptHash === naive.receiptHash(x.receipts[r]!);

/** Whether it would have ranked among the listed of its kind, of which there may be `most`. */
function isMissing(a: claims.Attribution, kind: number, most: number, asset: number, score: bigint): boolean {
  const listed = a.items.filter((item) => item.kind === kind);
  const last = listed.at(-1);
  const beats = last && (score > last.score || (score === last.score && asset < last.asset));
  return beats === true || (listed.length < most && score > 0n);
}

/** As {@link isMissing}, and a listed one may be listed with too little. */
function isTooLow(a: claims.Attribution, kind: number, most: number, asset: number, score: bigint): boolean {
  const own = a.items.filter((item) => item.kind === kind && item.asset === asset).at(-1);
  return own ? score > own.score : isMissing(a, kind, most, asset, score);
}

function omission(
  world: claims.World,
  x: claims.Draft,
  r: number,
  a: claims.Attribution,
  sketch: claims.Sketch,
): Question {
  const terms = termsOf(world, a);
  const query = x.queries[r]!;
  const isListed = a.items.some(({ kind, asset }) => kind === 0 && asset === sketch.asset);
  return {
    predicate: 'Omission',
    about: `receipt ${r} asset ${sketch.asset}`,
    get witness() {
      return abi('bytes bytes bytes uint32 bytes bytes bytes', [
        ...opening(x, r, a),
        r,
        naive.int8s(query),
        claimTrees.sketchPreimage(sketch),
        proof(claimTrees.sketchLeaves(world.sketches), terms.treeDepth, false, sketch.asset),
      ]);
    },
    fraud:
      a.fee > 0n &&
      BigInt(terms.sketchRoot) !== 0n &&
      a.queryHash === keccak256(naive.int8s(query)) &&
      !isListed &&
      isMissing(a, 0, 8, sketch.asset, claims.scoreOf(sketch, query)),
  };
}

function span(world: claims.World, x: claims.Draft, r: number, a: claims.Attribution, k: number): Question {
  const item = a.items[k]!;
  const terms = termsOf(world, a);
  const { salt, output } = x.answers[r]!;
  const [outOff, srcOff, len] = readSpan(item.evidence);
  const entry = world.corpus.find(({ asset }) => asset === item.asset);
  const content = entry?.content ?? '';
  const fits = srcOff + len <= content.length && outOff + len <= output.length;
  const differing = [...Array(fits ? len : 0).keys()].find((i) => content[srcOff + i] !== output[outOff + i]);
  const at = differing ?? 0;
  const [source, target] = [Math.floor((srcOff + at) / 32), Math.floor((outOff + at) / 32)];
  const inside = item.asset < 2 ** terms.treeDepth;
  const corpusPath = inside
    ? proof(evidence.corpusLeaves(world.corpus), terms.treeDepth, false, item.asset)
    : '0x';
  const twice = a.items.filter(({ kind, asset }) => kind === 1 && asset === item.asset).length > 1;
  const wrong = !entry || srcOff + len > content.length;
  const differs = outOff + len > output.length || differing !== undefined;
  return {
    predicate: 'Span',
    about: `receipt ${r} item ${k}`,
    get witness() {
      return abi(
        'bytes bytes bytes uint32 uint8 bytes bytes bytes uint16 bytes32 bytes bytes32 bytes32 bytes',
        [
          ...opening(x, r, a),
          r,
          k,
          entry ? evidence.corpusPreimage(entry) : '0x',
          corpusPath,
          naive.receiptPreimage(x.receipts[r]!),
          at,
          fits ? evidence.word(content, source) : claims.ZERO,
          fits
            ? proof(evidence.contentLeaves(content), depth(evidence.wordsOf(content)), false, source)
            : '0x',
          evidence.wordSalt(salt, target),
          fits ? evidence.word(output, target) : claims.ZERO,
          fits
            ? proof(evidence.outputLeaves(salt, output), depth(evidence.wordsOf(output)), false, target)
            : '0x',
        ],
      );
    },
    fraud:
      len < 64 ||
      len > 512 ||
      item.score !== BigInt(len) ||
      twice ||
      (BigInt(terms.corpusRoot) !== 0n && (wrong || (isOf(x, r, a) && differs))),
  };
}

function readSpan(bytes: Hex): [number, number, number] {
  const at = (from: number, to: number) => Number(`0x${bytes.slice(2 + 2 * from, 2 + 2 * to)}`);
  return [at(0, 4), at(4, 9), at(9, 11)];
}

/** The longest match of a contribution with the answer, a part of it, and a place where they have nothing in common. */
function* spanOmissions(
  world: claims.World,
  x: claims.Draft,
  r: number,
  a: claims.Attribution,
  contribution: evidence.Contribution,
  random: Rng,
): Generator<Question> {
  const { output } = x.answers[r]!;
  const { content } = contribution;
  const longest = evidence.longestMatch(output, content);
  if (longest.len > 0) yield spanOmission(world, x, r, a, contribution, longest);
  if (longest.len > 1) {
    const cut = random.int(longest.len - 1);
    const part = { outOff: longest.outOff + cut, srcOff: longest.srcOff + cut, len: longest.len - cut };
    yield spanOmission(world, x, r, a, contribution, part);
  }
  if (output.length < 80 || content.length < 80) return;
  const len = 64 + random.int(16);
  const anywhere = { outOff: random.int(output.length - len), srcOff: random.int(content.length - len), len };
  yield spanOmission(world, x, r, a, contribution, anywhere);
}

function spanOmission(
  world: claims.World,
  x: claims.Draft,
  r: number,
  a: claims.Attribution,
  contribution: evidence.Contribution,
  { outOff, srcOff, len }: evidence.Match,
): Question {
  const terms = termsOf(world, a);
  const { salt, output } = x.answers[r]!;
  const { asset, content } = contribution;
  const range = (offset: number) => [Math.floor(offset / 32), Math.floor((offset + len - 1) / 32)] as const;
  const [source, target] = [range(srcOff), range(outOff)];
  const places = Array.from({ length: target[1] - target[0] + 1 }, (_, i) => target[0] + i);
  const isEqual = content.slice(srcOff, srcOff + len) === output.slice(outOff, outOff + len);
  const { flags } = x.receipts[r]!;
  return {
    predicate: 'SpanOmission',
    about: `receipt ${r} asset ${asset} ${outOff} ${srcOff} ${len}`,
    get witness() {
      return abi(
        'bytes bytes bytes uint32 bytes bytes bytes uint32 uint40 uint16 bytes bytes bytes bytes bytes',
        [
          ...opening(x, r, a),
          r,
          evidence.corpusPreimage(contribution),
          proof(evidence.corpusLeaves(world.corpus), terms.treeDepth, false, asset),
          naive.receiptPreimage(x.receipts[r]!),
          outOff,
          srcOff,
          len,
          wordsBetween(content, source),
          rangeProof(evidence.contentLeaves(content), depth(evidence.wordsOf(content)), ...source),
          wordsBetween(output, target),
          concatHex(places.map((place) => evidence.wordSalt(salt, place))),
          rangeProof(evidence.outputLeaves(salt, output), depth(evidence.wordsOf(output)), ...target),
        ],
      );
    },
    fraud:
      isOf(x, r, a) &&
      a.fee > 0n &&
      flags < 2 &&
      hasBit(terms.scheme, 1) &&
      len >= 64 &&
      len <= 512 &&
      isEqual &&
      isTooLow(a, 1, 3, asset, BigInt(len)),
  };
}

const wordsBetween = (text: string, [first, last]: readonly [number, number]): Hex =>
  concatHex(Array.from({ length: last - first + 1 }, (_, i) => evidence.word(text, first + i)));

const RETRIEVAL = 'bool bytes bytes bytes uint32 uint8 bytes bytes bytes uint8 bytes bytes bytes';

function itemToRow(
  world: claims.World,
  x: claims.Draft,
  r: number,
  a: claims.Attribution,
  k: number,
): Question {
  const item = a.items[k]!;
  const { context } = x.answers[r]!;
  const number = (from: number, to: number) => Number(`0x${item.evidence.slice(2 + 2 * from, 2 + 2 * to)}`);
  const [row, position] = [number(0, 4), number(4, 6)];
  const hasContext = BigInt(x.receipts[r]!.contextRoot) !== 0n;
  const found = context[position];
  const contribution = world.contributions.find(({ asset }) => asset === item.asset);
  const rows = contribution?.rows ?? [];
  const isSame = found?.asset === item.asset && found.row === row && found.score === item.score;
  const isRow = rows[row] !== undefined && keccak256(stringToHex(rows[row])) === found?.bytesHash;
  return {
    predicate: 'Retrieval',
    about: `receipt ${r} item ${k}`,
    get witness() {
      return abi(RETRIEVAL, [
        false,
        ...opening(x, r, a),
        r,
        k,
        naive.receiptPreimage(x.receipts[r]!),
        found ? evidence.contextPreimage(found) : '0x',
        position < 16 ? proof(evidence.contextLeaves(context), 4, false, position) : '0x',
        0,
        rows[row] === undefined ? '0x' : evidence.rowPreimage(rows, row),
        rows[row] === undefined ? '0x' : proof(evidence.rowLeaves(rows), depth(rows.length), false, row),
        contribution?.input ?? '0x',
      ]);
    },
    fraud: isOf(x, r, a) && (!hasContext || position > 15 || !isSame || !isRow),
  };
}

function rowToItem(
  world: claims.World,
  x: claims.Draft,
  r: number,
  a: claims.Attribution,
  position: number,
): Question {
  const { context } = x.answers[r]!;
  const found = context[position]!;
  const { flags, contextRoot } = x.receipts[r]!;
  return {
    predicate: 'Retrieval',
    about: `receipt ${r} context ${position}`,
    get witness() {
      return abi(RETRIEVAL, [
        true,
        ...opening(x, r, a),
        r,
        0,
        naive.receiptPreimage(x.receipts[r]!),
        evidence.contextPreimage(found),
        proof(evidence.contextLeaves(context), 4, false, position),
        position,
        '0x',
        '0x',
        '0x',
      ]);
    },
    fraud:
      isOf(x, r, a) &&
      BigInt(contextRoot) !== 0n &&
      a.fee > 0n &&
      flags < 2 &&
      hasBit(termsOf(world, a).scheme, 2) &&
      isTooLow(a, 2, 2, found.asset, found.score),
  };
}
