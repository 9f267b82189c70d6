import { type Address, type Hex, isAddress } from 'viem';
import { z } from 'zod';

/** Building blocks for what arrives over HTTP: hex, addresses, and amounts as decimal text. */
export const hex = z.custom<Hex>(
  (value) => typeof value === 'string' && /^0x[0-9a-fA-F]*$/.test(value),
  'is not hex',
);
export const address = z.custom<Address>(
  (value) => typeof value === 'string' && isAddress(value),
  'is no address',
);
export const wei = z
  .union([z.string().regex(/^-?\d+$/), z.number().int()])
  .transform((value) => BigInt(value));
/** Ids and counts fit a number; indexers send large ones as text. */
export const integer = z
  .union([z.number().int(), z.string().regex(/^\d+$/)])
  .transform((value) => Number(value));
