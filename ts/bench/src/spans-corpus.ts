import { Random } from '@openledger/engine/numeric/random';

/** A made corpus: tokens plus one; every document ends with 0. Documents of one contribution follow each other. */
export type MadeCorpus = {
  readonly text: Uint16Array;
  /** Per contribution the place of its first symbol. */
  readonly starts: readonly number[];
  readonly tokens: number;
};

/** Distinct tokens, as in a usual byte-pair vocabulary. */
export const VOCABULARY = 50_257;
const DOCUMENT = 1000;
const DOCUMENTS_PER_CONTRIBUTION = 100;
const QUANTILES = 1 << 22;

/**
 * Tokens by Zipf's law, every token following the two before it in part: of the draws a third is decided by the token
 * before, so that 2-grams repeat as in text. A tenth of the corpus is copied from earlier in it, in pieces of 20 to
 * 400 tokens. The same for the same seed.
 */
export function makeCorpus(tokens: number, seed: number): MadeCorpus {
  const random = new Random(seed);
  const quantiles = zipfQuantiles();
  const documents = Math.ceil(tokens / DOCUMENT);
  const text = new Uint16Array(tokens + documents);
  const starts: number[] = [];
  let at = 0;
  for (let document = 0; document < documents; document += 1) {
    if (document % DOCUMENTS_PER_CONTRIBUTION === 0) starts.push(at);
    const end = at + Math.min(DOCUMENT, tokens - document * DOCUMENT);
    while (at < end) at = random.below(2000) === 0 && at > DOCUMENT ? copied(at, end) : drawn(at);
    at = end + 1;
  }
  return { text, starts, tokens };

  function drawn(place: number): number {
    const draw = random.next();
    const quantile = draw % 3 === 0 ? Math.imul(text[place - 1] ?? 0, 0x9e3779b1) + (draw >>> 28) * 97 : draw;
    text[place] = quantiles[quantile >>> 10] + 1;
    return place + 1;
  }

  function copied(place: number, end: number): number {
    const length = Math.min(end - place, 20 + random.below(380));
    const from = random.below(place - length);
    for (let i = 0; i < length; i += 1) text[place + i] = text[from + i] || 1;
    return place + length;
  }
}

/** An answer: a quarter copied from the corpus in pieces of 5 to 30 tokens, the rest drawn from its tokens. */
export function makeAnswer(corpus: MadeCorpus, length: number, random: Random): Uint16Array {
  const { text } = corpus;
  const answer = new Uint16Array(length);
  for (let at = 0; at < length; ) {
    const piece = random.below(53) === 0 ? 5 + random.below(26) : 1;
    const from = random.below(text.length - piece);
    for (let i = 0; i < piece && at < length; i += 1) answer[at++] = text[from + i] || 1;
  }
  return answer;
}

function zipfQuantiles(): Uint16Array {
  const quantiles = new Uint16Array(QUANTILES);
  let total = 0;
  for (let token = 0; token < VOCABULARY; token += 1) total += 1 / (token + 2.7);
  let sum = 0;
  let from = 0;
  for (let token = 0; token < VOCABULARY; token += 1) {
    sum += 1 / (token + 2.7);
    const to = Math.round((sum / total) * QUANTILES);
    quantiles.fill(token, from, to);
    from = to;
  }
  return quantiles;
}
