import { isValidIBAN } from 'ibantools';
import { type CountryCode, findPhoneNumbersInText } from 'libphonenumber-js';

/** What a row should rarely hold: data about a person, or a key that opens something. */
export const SENSITIVE_KINDS = [
  'e-mail',
  'phone',
  'iban',
  'card',
  'ip-address',
  'private-key',
  'api-token',
] as const;
export type SensitiveKind = (typeof SENSITIVE_KINDS)[number];

/** Where something sensitive stands: UTF-16 units from the start of the text. */
export type SensitiveSpan = { readonly kind: SensitiveKind; readonly start: number; readonly length: number };

type Pattern = {
  readonly kind: SensitiveKind;
  readonly pattern: RegExp;
  /** Whether a match is what it looks like. */
  readonly holds?: (match: string) => boolean;
};

/** Earlier patterns win where two overlap. */
const PATTERNS: readonly Pattern[] = [
  {
    kind: 'private-key',
    pattern:
      /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|$)/g,
  },
  ...[
    /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, // AWS
    /\bgh[pousr]_[A-Za-z0-9]{36,}\b/g, // GitHub
    /\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b/g,
    /\bglpat-[\w-]{20,}/g, // GitLab
    /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g, // Slack
    /\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}\b/g, // Stripe
    /\bsk-(?:ant-|proj-|or-v1-)?[\w-]{32,}/g, // OpenAI, Anthropic, OpenRouter
    /\bAIza[\w-]{35}/g, // Google
    /\bya29\.[\w-]{20,}/g,
    /\bhf_[A-Za-z0-9]{30,}\b/g, // Hugging Face
    /\bnpm_[A-Za-z0-9]{36}\b/g,
    /\bpypi-[\w-]{50,}/g,
    /\bSG\.[\w-]{20,24}\.[\w-]{40,50}/g, // SendGrid
    /\bdop_v1_[0-9a-f]{64}\b/g, // DigitalOcean
    /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/g, // JSON web tokens
  ].map((pattern) => ({ kind: 'api-token', pattern }) as const),
  {
    kind: 'e-mail',
    pattern:
      /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}][\p{L}\p{N}._%+-]{0,63}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+\p{L}{2,24}(?![\p{L}\p{N}-])/gu,
  },
  {
    kind: 'iban',
    pattern: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])/g,
    holds: (match) => isValidIBAN(match.replaceAll(' ', '')),
  },
  {
    kind: 'card',
    pattern:
      /(?<![\d.,-])[2-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\d-]|[.,]\d)|(?<![\d.,-])3[47]\d{2}[ -]?\d{6}[ -]?\d{5}(?![\d-]|[.,]\d)/g,
    holds: (match) => isCardNumber(match.replace(/[ -]/g, '')),
  },
  {
    kind: 'ip-address',
    pattern: /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)/g,
    holds: (match) => !isReservedAddress(match),
  },
  {
    kind: 'ip-address',
    pattern:
      /(?<![\w:.])(?:(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|(?:[0-9a-fA-F]{1,4}:){2,6}(?::[0-9a-fA-F]{1,4}){1,5})(?![\w:])/g,
  },
];

/**
 * Everything in a text that looks sensitive, in the order of the text. Phone numbers count in international form
 * (+44 …); those in national form only with a `region`.
 */
export function findSensitive(text: string, region?: CountryCode): SensitiveSpan[] {
  const found: SensitiveSpan[] = [];
  const add = (kind: SensitiveKind, start: number, end: number) => {
    if (found.some((span) => start < span.start + span.length && span.start < end)) return;
    found.push({ kind, start, length: end - start });
  };
  for (const { kind, pattern, holds } of PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      if (holds?.(match[0]) ?? true) add(kind, match.index, match.index + match[0].length);
    }
  }
  if (mayHoldPhone(text, region)) {
    for (const { startsAt, endsAt } of findPhoneNumbersInText(text, region)) add('phone', startsAt, endsAt);
  }
  return found.sort((a, b) => a.start - b.start);
}

/** The library looks closely and slowly: most texts are ruled out by their digits. */
function mayHoldPhone(text: string, region: CountryCode | undefined): boolean {
  const sevenDigits = /\d(?:[^\d\n]{0,4}\d){6}/;
  return sevenDigits.test(text) && (region !== undefined || /[+＋]/.test(text));
}

/** Length and check digit (Luhn) of a payment card's number; its first digits are checked by the pattern. */
function isCardNumber(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19 || /^(\d)\1+$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Addresses that name nobody: this host, loopback, broadcast and those kept for documentation (RFC 5737, RFC 6890). */
function isReservedAddress(address: string): boolean {
  return /^(?:0\.|127\.|255\.255\.255\.255$|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.)/.test(address);
}
