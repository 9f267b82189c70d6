import { describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { findSensitive, SENSITIVE_KINDS, type SensitiveKind } from './sensitive.ts';

const random = new Random(7);
const of = (alphabet: string, count: number) =>
  Array.from({ length: count }, () => alphabet[random.below(alphabet.length)]).join('');
const DIGITS = '0123456789';
const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Appends the digit that makes a number pass ISO/IEC 7812's check, found by trying all ten. */
function withLuhn(body: string): string {
  const sumOf = (number: string) =>
    [...number].reverse().reduce((sum, char, i) => {
      const twice = String(Number(char) * (i % 2 === 0 ? 1 : 2));
      return sum + [...twice].reduce((total, digit) => total + Number(digit), 0);
    }, 0);
  return [...DIGITS].map((digit) => body + digit).find((number) => sumOf(number) % 10 === 0)!;
}

/** A German IBAN with the check digits of ISO 13616. */
function iban(): string {
  const account = of(DIGITS, 18);
  const check = 98n - (BigInt(`${account}131400`) % 97n);
  return `DE${String(check).padStart(2, '0')}${account}`;
}

const grouped = (text: string, size: number) => text.match(new RegExp(`.{1,${size}}`, 'g'))!.join(' ');

/** Ways to write down each kind of sensitive thing. */
const MAKERS: Record<SensitiveKind, (() => string)[]> = {
  'e-mail': [
    () => `${of('abcdefgh', 6)}.${of('klmnop', 4)}@${of('uvwxyz', 5)}.example.com`,
    () => `${of('abc', 3)}+news@${of('xyz', 4)}.co.uk`,
    () => `müller${of(DIGITS, 2)}@post.de`,
  ],
  phone: [
    () => `+44 20 7946 0${of(DIGITS, 3)}`,
    () => `+1 (415) 555-0${of(DIGITS, 3)}`,
    () => `+49 30 90${of(DIGITS, 6)}`,
  ],
  iban: [iban, () => grouped(iban(), 4)],
  card: [
    () => withLuhn(`4${of(DIGITS, 14)}`),
    () => grouped(withLuhn(`51${of(DIGITS, 13)}`), 4),
    () => withLuhn(`37${of(DIGITS, 12)}`),
  ],
  'ip-address': [
    () => `${1 + random.below(120)}.${random.below(256)}.${random.below(256)}.${random.below(256)}`,
    () => `2001:db8:${of('0123456789abcdef', 4)}::${of('0123456789abcdef', 4)}`,
  ],
  'private-key': [
    () =>
      `-----BEGIN RSA PRIVATE KEY-----\n${of(ALNUM, 64)}\n${of(ALNUM, 40)}\n-----END RSA PRIVATE KEY-----`,
    () => `-----BEGIN OPENSSH PRIVATE KEY-----\n${of(ALNUM, 70)}`,
  ],
  'api-token': [
    () => `AKIA${of('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
    () => `ghp_${of(ALNUM, 36)}`,
    () => `sk-proj-${of(ALNUM, 48)}`,
    () => `xoxb-${of(DIGITS, 12)}-${of(ALNUM, 24)}`,
    () => `hf_${of(ALNUM, 34)}`,
    () => `eyJhbGciOiJIUzI1NiJ9.eyJ${of(ALNUM, 30)}.${of(ALNUM, 43)}`,
  ],
};

/** What only looks like it. */
const INNOCENT: (() => string)[] = [
  () => `version ${random.below(20)}.${random.below(20)}.${random.below(20)}`,
  () => `order ${of('123456789', 1)}${of(DIGITS, 15)}0`.replace(/\d{17}/, (n) => (luhn(n) ? '12' : n)),
  () => `0x${of('0123456789abcdef', 64)}`,
  () =>
    `between 18${of(DIGITS, 2)} and 19${of(DIGITS, 2)}, pages ${100 + random.below(90)}-${200 + random.below(90)}`,
  () => `@keeper said 12:30:45 at 127.0.0.1`,
  () => `${of(DIGITS, 3)},${of(DIGITS, 3)},${of(DIGITS, 3)}.${of(DIGITS, 2)} barrels`,
  () => `DE00${of(DIGITS, 18)}`,
  () => `skipping-${of('abcdefgh', 4)}-the-long-${of('abcdefgh', 6)}-rope`,
  () => `https://example.com/${of('abcdef', 8)}/index.html`,
];
const luhn = (number: string) => withLuhn(number.slice(0, -1)) === number;

const SENTENCE = 'The keeper of the light wrote it down in the book that evening'.split(' ');
const around = (inner: string) => {
  const place = random.below(SENTENCE.length);
  return `${SENTENCE.slice(0, place).join(' ')} ${inner} ${SENTENCE.slice(place).join(' ')}.`;
};

describe('Sensitive patterns', () => {
  it('are found in a labelled set with an F1 of at least 0.95, kind by kind', () => {
    for (const kind of SENSITIVE_KINDS) {
      let [right, wrong, missed] = [0, 0, 0];
      for (let i = 0; i < 150; i += 1) {
        const maker = MAKERS[kind][i % MAKERS[kind].length];
        const secret = maker();
        const text = around(secret);
        const found = findSensitive(text);
        const hit = found.some(
          (span) => span.kind === kind && text.slice(span.start, span.start + span.length).startsWith(secret),
        );
        right += hit ? 1 : 0;
        missed += hit ? 0 : 1;
        wrong += found.length - (hit ? 1 : 0);
        wrong += findSensitive(around(INNOCENT[i % INNOCENT.length]())).filter((s) => s.kind === kind).length;
      }
      expect((2 * right) / (2 * right + wrong + missed), `F1 of ${kind}`).toBeGreaterThanOrEqual(0.95);
    }
  });

  it('count phone numbers in national form only when a region is given', () => {
    const text = 'Call 020 7946 0958 after six.';
    expect(findSensitive(text)).toEqual([]);
    expect(findSensitive(text, 'GB')).toEqual([{ kind: 'phone', start: 5, length: 13 }]);
  });

  it('are reported once where two overlap, in the order of the text', () => {
    const text = `mail a.b@example.com or 8.8.4.4, key ${'-----BEGIN PRIVATE KEY-----\nAKIAABCDEFGHIJKLMNOP\n-----END PRIVATE KEY-----'}`;
    expect(findSensitive(text).map(({ kind }) => kind)).toEqual(['e-mail', 'ip-address', 'private-key']);
  });

  it('cost little on long texts that hold none', () => {
    const text = `${'a.b-c_d@e '.repeat(20_000)}${'1 '.repeat(20_000)}${'A1'.repeat(20_000)}`;
    const started = performance.now();
    expect(findSensitive(text)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
