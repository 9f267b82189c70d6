/** A proof does not show what it says. The message names the first thing that does not hold. */
export class LightProofError extends Error {
  override name = 'LightProofError';
}

/** Throws unless it holds. */
export function mustHold(holds: boolean, what: string): asserts holds {
  if (!holds) throw new LightProofError(`The proof does not hold: ${what}.`);
}
