const WEI_PER_OPEN = 10n ** 18n;

/**
 * An amount of OPEN with at most `digits` significant decimals, cut, never rounded up. Amounts too small for
 * that are shown as `< 0.0001`, so that something never looks like nothing.
 */
export function formatOpen(wei: bigint, digits = 6): string {
  const sign = wei < 0n ? '−' : '';
  const value = wei < 0n ? -wei : wei;
  if (value === 0n) return '0';
  const whole = value / WEI_PER_OPEN;
  const fraction = (value % WEI_PER_OPEN).toString().padStart(18, '0').slice(0, digits).replace(/0+$/, '');
  if (whole === 0n && fraction === '')
    return `${sign === '' ? '<' : '>'} ${sign}0.${'0'.repeat(digits - 1)}1`;
  return `${sign}${group(whole)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The exact amount, for titles and copying: every decimal that is not a trailing zero. */
export function exactOpen(wei: bigint): string {
  return formatOpen(wei, 18);
}

function group(whole: bigint): string {
  return whole.toString().replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** Reads an amount of OPEN that somebody typed; undefined when it is not one. */
export function parseOpen(text: string): bigint | undefined {
  const match = /^\s*(\d{1,12})(?:[.,](\d{1,18}))?\s*$/.exec(text);
  if (!match) return undefined;
  return BigInt(match[1]!) * WEI_PER_OPEN + BigInt((match[2] ?? '').padEnd(18, '0'));
}

/** A share in percent, with one decimal below ten. */
export function formatShare(part: bigint, whole: bigint): string {
  if (whole === 0n) return '0 %';
  const permille = Number((part * 10_000n) / whole) / 100;
  return `${permille < 10 ? permille.toFixed(1) : Math.round(permille)} %`;
}

/** A count with thin spaces between thousands. */
export function formatCount(count: number): string {
  return count.toString().replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** A duration in words that fit a progress bar. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
