import parseExpression from 'spdx-expression-parse';

/** What a model trained on the data will be used for. Answers that are paid for are `commercial`. */
export type Use = 'commercial' | 'research';

export type LicencePolicy = {
  readonly use: Use;
  /** SPDX ids that replace the built-in allow-list of the use. */
  readonly allowed?: readonly string[];
};

/** Whether rows under a licence may be trained on, and why not. */
export type LicenceVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: string };

/** Licences that permit derived works and their sale. */
export const COMMERCIAL_LICENCES: readonly string[] = [
  ...['CC0-1.0', 'PDDL-1.0', 'Unlicense', '0BSD', 'MIT-0'],
  ...['CC-BY-3.0', 'CC-BY-4.0', 'CC-BY-SA-3.0', 'CC-BY-SA-4.0'],
  ...['ODC-By-1.0', 'ODbL-1.0', 'CDLA-Permissive-1.0', 'CDLA-Permissive-2.0', 'CDLA-Sharing-1.0'],
  ...['MIT', 'ISC', 'Zlib', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0'],
];

/** Licences that permit derived works, some of them only where nobody pays. */
export const RESEARCH_LICENCES: readonly string[] = [
  ...COMMERCIAL_LICENCES,
  ...['CC-BY-NC-3.0', 'CC-BY-NC-4.0', 'CC-BY-NC-SA-3.0', 'CC-BY-NC-SA-4.0', 'NOASSERTION'],
];

/** SPDX's words for "nobody said" and "there is none". They are no licences, so no expression holds them. */
const NO_LICENCE = new Set(['NOASSERTION', 'NONE']);

/**
 * Judges the SPDX expression of a contribution. Of `A OR B` one side must be allowed, of `A AND B` both; a `WITH`
 * exception only adds permissions. NOASSERTION and NONE never pass for commercial use, whatever the allow-list says.
 */
export function judgeLicence(licence: string, policy: LicencePolicy): LicenceVerdict {
  const allowed = policy.allowed ?? (policy.use === 'commercial' ? COMMERCIAL_LICENCES : RESEARCH_LICENCES);
  const refuse = (reason: string): LicenceVerdict => ({ allowed: false, reason });
  if (NO_LICENCE.has(licence)) {
    if (policy.use === 'commercial') return refuse(`${licence} says that nobody granted commercial use`);
    return allowed.includes(licence) ? { allowed: true } : refuse(`${licence} is not on the allow-list`);
  }
  if (!isSpdxExpression(licence)) return refuse(`"${licence}" is not an SPDX expression`);
  const expression = parseExpression(licence);
  const missing = missingLicences(expression, new Set(allowed));
  if (missing.length === 0) return { allowed: true };
  return refuse(`${missing.join(' and ')} is not on the allow-list for ${policy.use} use`);
}

/** Whether a text is an SPDX licence expression, such as `MIT` or `MIT OR Apache-2.0`. */
export function isSpdxExpression(text: string): boolean {
  try {
    parseExpression(text);
    return true;
  } catch {
    return false;
  }
}

/** The licences that keep an expression from being allowed; none if it is. */
function missingLicences(expression: parseExpression.Info, allowed: ReadonlySet<string>): string[] {
  if ('license' in expression) {
    const id = `${expression.license}${expression.plus ? '+' : ''}`;
    return allowed.has(id) || allowed.has(expression.license) ? [] : [id];
  }
  const left = missingLicences(expression.left, allowed);
  const right = missingLicences(expression.right, allowed);
  if (expression.conjunction === 'and') return [...left, ...right];
  return left.length === 0 || right.length === 0 ? [] : [...left, ...right];
}
