import type { Random } from '../numeric/random.ts';

/** How the next token is chosen. Temperature 0 takes the most likely one. */
export type SamplingSettings = {
  readonly temperature: number;
  /** Only the most likely tokens that together reach this probability are drawn from; 1 keeps all. */
  readonly topP: number;
};

/** A token with the natural logarithm of its probability at temperature 1. */
export type TokenLogProbability = { readonly token: number; readonly logProbability: number };

/** Chooses a token from logits. */
export function sampleToken(logits: Float32Array, settings: SamplingSettings, random: Random): number {
  if (settings.temperature <= 0) return argmax(logits);
  const top = logits[argmax(logits)];
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - top) / settings.temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const kept = settings.topP < 1 ? nucleus(weights, total, settings.topP) : undefined;
  const count = kept?.length ?? weights.length;
  const mass = kept === undefined ? total : kept.reduce((sum, token) => sum + weights[token], 0);
  let draw = random.uniform() * mass;
  let token = 0;
  for (let i = 0; i < count; i += 1) {
    token = kept === undefined ? i : kept[i];
    draw -= weights[token];
    if (draw < 0) break;
  }
  return token;
}

/** The most likely tokens that together reach `topP`, most likely first. */
function nucleus(weights: Float64Array, total: number, topP: number): number[] {
  // Tokens below this weigh less than 1 − topP together, so the ones sought are among the others.
  const least = ((1 - topP) * total) / weights.length;
  const order: number[] = [];
  for (let i = 0; i < weights.length; i += 1) if (weights[i] >= least) order.push(i);
  order.sort((a, b) => weights[b] - weights[a] || a - b);
  let mass = 0;
  const end = order.findIndex((token) => {
    mass += weights[token];
    return mass >= topP * total;
  });
  return end < 0 ? order : order.slice(0, end + 1);
}

/** Index of the largest value; the first one of equals. */
export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) if (values[i] > values[best]) best = i;
  return best;
}

/** The log-probability of a token, and the `top` most likely ones with theirs. */
export function logProbabilities(
  logits: Float32Array,
  token: number,
  top: number,
): TokenLogProbability & { readonly top: readonly TokenLogProbability[] } {
  const largest = logits[argmax(logits)];
  let total = 0;
  for (let i = 0; i < logits.length; i += 1) total += Math.exp(logits[i] - largest);
  const shift = largest + Math.log(total);
  const of = (one: number) => ({ token: one, logProbability: logits[one] - shift });
  return { ...of(token), top: mostLikely(logits, top).map(of) };
}

function mostLikely(logits: Float32Array, count: number): number[] {
  if (count === 0) return [];
  return Array.from(logits.keys())
    .sort((a, b) => logits[b] - logits[a] || a - b)
    .slice(0, count);
}
