import type { Random } from '../numeric/random.ts';

/** How the next token is chosen. Temperature 0 takes the most likely one. */
export type SamplingSettings = {
  readonly temperature: number;
  /** Only the most likely tokens that together reach this probability are drawn from; 1 keeps all. */
  readonly topP: number;
};

/** Chooses a token from logits. */
export function sampleToken(logits: Float32Array, settings: SamplingSettings, random: Random): number {
  if (settings.temperature <= 0) return argmax(logits);
  const order = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b);
  const top = logits[order[0]];
  const weights = order.map((token) => Math.exp((logits[token] - top) / settings.temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let kept = 0;
  let mass = 0;
  while (kept < order.length && (kept === 0 || mass < settings.topP * total)) {
    mass += weights[kept];
    kept += 1;
  }
  let draw = random.uniform() * mass;
  for (let i = 0; i < kept; i += 1) {
    draw -= weights[i];
    if (draw < 0) return order[i];
  }
  return order[kept - 1];
}

/** Index of the largest value; the first one of equals. */
export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) if (values[i] > values[best]) best = i;
  return best;
}
