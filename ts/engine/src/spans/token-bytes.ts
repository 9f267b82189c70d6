/**
 * Where the tokens of a contribution or an answer lie in its bytes, for evidence: payment and people count bytes. It
 * needs a tokenizer whose tokens, put together, are the text, as byte-level ones are.
 */
export type TokenBytes = {
  /** The bytes from the first of some tokens to the last. */
  rangeOf(firstToken: number, tokens: number): { readonly offset: number; readonly length: number };
};

/** Tokens per offset that is kept: 1/16 byte a token. */
const STRIDE = 64;

/** @param bytesOf How many bytes each token of the vocabulary has. */
export function tokenBytes(tokens: ArrayLike<number>, bytesOf: ArrayLike<number>): TokenBytes {
  const offsets = new Float64Array(Math.floor(tokens.length / STRIDE) + 1);
  let offset = 0;
  for (let i = 0; i < tokens.length; i += 1) {
    if (i % STRIDE === 0) offsets[i / STRIDE] = offset;
    offset += bytesOf[tokens[i]];
  }
  if (tokens.length % STRIDE === 0) offsets[tokens.length / STRIDE] = offset;
  function offsetOf(token: number): number {
    if (!(token >= 0 && token <= tokens.length)) {
      throw new RangeError(`There is no token ${token} in a text of ${tokens.length}.`);
    }
    let at = offsets[Math.floor(token / STRIDE)];
    for (let i = token - (token % STRIDE); i < token; i += 1) at += bytesOf[tokens[i]];
    return at;
  }
  return {
    rangeOf: (first, count) => {
      const from = offsetOf(first);
      return { offset: from, length: offsetOf(first + count) - from };
    },
  };
}
