import { readFile } from 'node:fs/promises';
import { type Address, isAddress } from 'viem';
import { z } from 'zod';
import { NodeError, systemCode } from '../errors.ts';

const address = z.string().refine((text): text is Address => isAddress(text), 'is not an address');

const book = z.object({
  chainId: z.number().int().positive(),
  startBlock: z.number().int().min(0),
  contracts: z.object({
    AgentRegistry: address,
    AgentStaking: address,
    AllocationPredicate: address,
    AttributionSettlement: address,
    BaselineVault: address,
    CreditPredicate: address,
    DatanetRegistry: address,
    InferenceEscrow: address,
    MalformedPredicate: address,
    ModelRegistry: address,
    ProtocolParameters: address,
    ScorePredicate: address,
    TrainingLog: address,
    TransitionPredicate: address,
  }),
});

/** The contracts this program talks to, and the block before which none of them existed. */
export type AddressBook = z.infer<typeof book>;

/** Reads `deploy/<chainId>.json`. */
export async function readAddressBook(path: string): Promise<AddressBook> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    throw new NodeError(
      'address_book_unreadable',
      `The address book ${path} cannot be read (${systemCode(error) ?? 'unknown error'}).`,
      'Deploy the contracts first (npm start does), or name the right file with --deployment.',
      { cause: error },
    );
  }
  const parsed = book.safeParse(parseJson(content));
  if (!parsed.success) {
    const what = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ');
    throw new NodeError(
      'address_book_unreadable',
      `The address book ${path} is not usable: ${what}.`,
      'Deploy again, so that the file is written anew.',
    );
  }
  return parsed.data;
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
