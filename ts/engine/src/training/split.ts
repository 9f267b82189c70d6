import { concat, fromHex, keccak, uint, utf8 } from '@openledger/sdk/protocol/bytes';
import type { Row } from './rows.ts';

/** Which rows are kept for measuring. */
export type ValidationSplit = {
  /** Rows per million, on average. 0: none. */
  readonly perMillion: number;
  readonly seed: number;
};

/**
 * Whether a row is kept for measuring: keccak(seed4 ‖ text), its first eight bytes read as a number, modulo a
 * million is below `perMillion`. By the text alone, so that copies of a row in several contributions fall on the
 * same side, and a row stays on its side when others come or go.
 */
export function isValidationRow({ perMillion, seed }: ValidationSplit, text: string): boolean {
  if (perMillion === 0) return false;
  const hash = fromHex(keccak(concat(uint(seed, 4, 'seed'), utf8(text))));
  return Number(new DataView(hash.buffer, hash.byteOffset).getBigUint64(0) % 1_000_000n) < perMillion;
}

/** Parts the rows; each part keeps their order. */
export function splitValidation<R extends Pick<Row, 'text'>>(
  split: ValidationSplit,
  rows: readonly R[],
): { readonly train: R[]; readonly validation: R[] } {
  const kept = rows.map(({ text }) => isValidationRow(split, text));
  const part = { train: rows.filter((_, i) => !kept[i]), validation: rows.filter((_, i) => kept[i]) };
  if (part.train.length === 0) {
    throw new Error('The validation split leaves no row to train on. Lower its share or change its seed.');
  }
  if (split.perMillion > 0 && part.validation.length === 0) {
    throw new Error('No row falls into the validation split. Raise its share or change its seed.');
  }
  return part;
}
