import type { Hex } from 'viem';
import { concat, fromHex, sameHex, ZERO_HASH } from './bytes.ts';
import type { DisclosedReceipt } from './claim-data.ts';
import { contentTree, outputTree, outputWordSalt, words } from './content.ts';
import { type CorpusEntry, corpusTree, encodeCorpusEntry } from './corpus.ts';
import type { FraudProof } from './fraud.ts';
import { decodeSpan, ITEM_KIND, type Item, MAX_SPAN, MIN_SPAN, type Span } from './items.ts';
import { isLacking } from './listed.ts';
import { type OpenedClaim, openAttribution } from './open-claim.ts';
import { type ModelTerms, SCHEME } from './parameters.ts';
import { encodeReceipt, isNoAudit } from './receipts.ts';
import { type PlainTree, plainRoot, provePlain, provePlainRange } from './trees.ts';
import { encodeSpanOmissionWitness, encodeSpanWitness, type SpanWitness } from './witness-evidence.ts';

const WORD = 32;

/** A content of a model's corpus with its tree. */
type Content = { entry: CorpusEntry; bytes: Uint8Array; tree: PlainTree };
/** A model's corpus, as it committed to it. */
type Corpus = { byAsset: Map<number, Content>; tree: PlainTree };
/** An answer with its tree; undefined for private receipts, and where claimData do not have what was signed for. */
type Output = { bytes: Uint8Array; salt: Hex; tree: PlainTree };

/** SPAN items that are none, and matches that receipts do not list. */
export function* findSpanFraud(opened: OpenedClaim): Generator<FraudProof> {
  const { attributions, disclosed, context } = opened;
  if (!attributions) return;
  const models = new Map<number, Corpus | undefined>();
  for (const [position, committed] of attributions.list.entries()) {
    if (!committed || committed.attribution.fee === 0n) continue;
    const { modelId, items } = committed.attribution;
    const terms = context.terms(modelId);
    if (!terms || (terms.scheme & SCHEME.span) === 0 || sameHex(terms.corpusRoot, ZERO_HASH)) continue;
    if (!models.has(modelId)) models.set(modelId, openCorpus(opened, modelId, terms));
    const corpus = models.get(modelId);
    if (!corpus) continue;
    const receipt = disclosed[position];
    const output = openOutput(opened, position);
    const placed = { ...openAttribution(attributions, position), position };
    const number = context.claim.firstReceipt + position;
    for (const [index, item] of items.entries()) {
      if (item.kind !== ITEM_KIND.span) continue;
      const fault = spanFault(items, index, corpus, terms, receipt, output);
      if (!fault) continue;
      yield {
        predicate: 'SpanPredicate',
        reason: `Receipt ${number}, item ${index}: ${fault.reason}.`,
        witness: encodeSpanWitness({ ...placed, item: index, ...fault.proof }),
      };
    }
    if (!receipt || !output || isNoAudit(receipt.receipt)) continue;
    for (const match of context.matches?.(modelId, output.bytes) ?? []) {
      const content = corpus.byAsset.get(match.asset);
      if (!content || !isMatch(content.bytes, output.bytes, match)) continue;
      const score = BigInt(match.len);
      if (!isLacking(items, { asset: match.asset, kind: ITEM_KIND.span, score })) continue;
      yield {
        predicate: 'SpanOmissionPredicate',
        reason: `Receipt ${number}: asset ${match.asset} has ${match.len} bytes of the answer, and they are not listed.`,
        witness: encodeSpanOmissionWitness({
          ...placed,
          outOff: match.outOff,
          srcOff: match.srcOff,
          len: match.len,
          corpus: encodeCorpusEntry(content.entry),
          corpusPath: provePlain(corpus.tree, match.asset),
          receipt: encodeReceipt(receipt.receipt),
          ...openRange(content, output, match),
        }),
      };
    }
  }
}

type Fault = {
  reason: string;
  proof: Omit<SpanWitness, 'item' | 'position' | keyof ReturnType<typeof openAttribution>>;
};

function spanFault(
  items: readonly Item[],
  index: number,
  corpus: Corpus,
  terms: ModelTerms,
  disclosed: DisclosedReceipt | undefined,
  output: Output | undefined,
): Fault | undefined {
  const { asset, score, evidence } = items[index]!;
  const span = decodeSpan(evidence);
  if (span.len < MIN_SPAN || span.len > MAX_SPAN) return { reason: `it has ${span.len} bytes`, proof: {} };
  if (score !== BigInt(span.len)) return { reason: 'its score is not its length', proof: {} };
  const twice = items.some((item, k) => k !== index && item.kind === ITEM_KIND.span && item.asset === asset);
  if (twice) return { reason: `asset ${asset} is listed twice`, proof: {} };

  const inTree = asset < 2 ** terms.treeDepth;
  const content = corpus.byAsset.get(asset);
  const corpusPath = inTree ? provePlain(corpus.tree, asset) : new Uint8Array(0);
  if (!content) return { reason: `asset ${asset} is not in the model's corpus`, proof: { corpusPath } };
  const proof = { corpus: encodeCorpusEntry(content.entry), corpusPath };
  if (span.srcOff + span.len > content.bytes.length) return { reason: 'it reaches past the content', proof };

  if (!disclosed) return undefined;
  const withReceipt = { ...proof, receipt: encodeReceipt(disclosed.receipt) };
  if (span.outOff + span.len > disclosed.receipt.outputLength) {
    return { reason: 'it reaches past the answer', proof: withReceipt };
  }
  const at = output ? differenceIn(content.bytes, output.bytes, span) : undefined;
  if (!output || at === undefined) return undefined;
  const [source, target] = [Math.floor((span.srcOff + at) / WORD), Math.floor((span.outOff + at) / WORD)];
  return {
    reason: `byte ${at} of the span differs from the content's`,
    proof: {
      ...withReceipt,
      at,
      contentWord: words(content.bytes)[source],
      contentPath: provePlain(content.tree, source),
      outputWordSalt: outputWordSalt(output.salt, target),
      outputWord: words(output.bytes)[target],
      outputPath: provePlain(output.tree, target),
    },
  };
}

/** The first byte of a span that is not the same on both sides. */
function differenceIn(content: Uint8Array, output: Uint8Array, span: Span): number | undefined {
  for (let at = 0; at < span.len; at++) {
    if (content[span.srcOff + at] !== output[span.outOff + at]) return at;
  }
  return undefined;
}

function isMatch(content: Uint8Array, output: Uint8Array, span: Span): boolean {
  const fits = span.len >= MIN_SPAN && span.len <= MAX_SPAN;
  const inside = span.srcOff + span.len <= content.length && span.outOff + span.len <= output.length;
  return fits && inside && differenceIn(content, output, span) === undefined;
}

function openRange(content: Content, output: Output, span: Span) {
  const source = rangeOf(span.srcOff, span.len);
  const target = rangeOf(span.outOff, span.len);
  const places = Array.from({ length: target.count }, (_, i) => target.first + i);
  return {
    contentWords: concat(...words(content.bytes).slice(source.first, source.first + source.count)),
    contentPath: provePlainRange(content.tree, source.first, source.count),
    outputWords: concat(...words(output.bytes).slice(target.first, target.first + target.count)),
    outputWordSalts: concat(...places.map((place) => fromHex(outputWordSalt(output.salt, place)))),
    outputPath: provePlainRange(output.tree, target.first, target.count),
  };
}

function rangeOf(offset: number, length: number): { first: number; count: number } {
  const first = Math.floor(offset / WORD);
  return { first, count: Math.floor((offset + length - 1) / WORD) - first + 1 };
}

function openOutput({ disclosed, problems, context }: OpenedClaim, position: number): Output | undefined {
  const { receipt, opening } = disclosed[position] ?? {};
  if (!receipt || !opening) return undefined;
  const tree = outputTree(opening.salt, opening.output);
  if (sameHex(plainRoot(tree), receipt.outputRoot))
    return { bytes: opening.output, salt: opening.salt, tree };
  problems.push(`The answer of receipt ${context.claim.firstReceipt + position} was not published.`);
  return undefined;
}

function openCorpus(
  { context, problems }: OpenedClaim,
  modelId: number,
  terms: ModelTerms,
): Corpus | undefined {
  const contents = context.corpus?.(modelId);
  if (!contents) {
    problems.push(`The corpus of model ${modelId} could not be had.`);
    return undefined;
  }
  const opened = contents.map(({ asset, bytes }) => {
    const tree = contentTree(bytes);
    return { entry: { asset, contentRoot: plainRoot(tree), byteLength: bytes.length }, bytes, tree };
  });
  const tree = corpusTree(
    opened.map(({ entry }) => entry),
    terms.treeDepth,
  );
  if (!sameHex(plainRoot(tree), terms.corpusRoot)) {
    problems.push(`The corpus given for model ${modelId} is not the one it committed to.`);
    return undefined;
  }
  return { byAsset: new Map(opened.map((one) => [one.entry.asset, one])), tree };
}
