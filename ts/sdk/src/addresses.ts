import { type Address, isAddress } from 'viem';
import { z } from 'zod';

/** The contracts that an address book names, as `script/Deploy.s.sol` writes them. */
export const contractNames = [
  'AccessManager',
  'OpenTimelock',
  'OpenGovernor',
  'GovernanceOpen',
  'ProtocolParameters',
  'DatanetRegistry',
  'DatanetHygiene',
  'ContributionToken',
  'ModelRegistry',
  'TrainingLog',
  'AgentRegistry',
  'ReputationRegistry',
  'ValidationRegistry',
  'OutcomeRecorder',
  'AgentStaking',
  'StakerRewards',
  'CaseRegistry',
  'Airdrop',
  'ProgrammeVault',
  'InferenceEscrow',
  'TrainingFees',
  'PaymentInboxes',
  'AttributionSettlement',
  'BaselineVault',
  'AuditRegistry',
  'AllocationPredicate',
  'CreditPredicate',
  'TransitionPredicate',
  'MalformedPredicate',
  'ScorePredicate',
  'NoticePredicate',
  'WithheldPredicate',
  'OmissionPredicate',
  'SpanPredicate',
  'SpanOmissionPredicate',
  'RetrievalPredicate',
  'WETH',
  'L1Block',
  'L2ToL1MessagePasser',
] as const;

/** The name of a deployed contract. */
export type ContractName = (typeof contractNames)[number];

/** Where the contracts of one chain are. The file is `deploy/<chainId>.json`. */
export type AddressBook = {
  chainId: number;
  /** No event of the protocol is older than this block. */
  startBlock: number;
  contracts: Record<ContractName, Address>;
};

/** The address book can't be used; the message says what is wrong and what to do. */
export class AddressBookError extends Error {
  override name = 'AddressBookError';
}

const address = z.string().refine(isAddress, { error: 'is not an address (40 hex digits after 0x)' });

const schema = z.object({
  chainId: z.int().positive(),
  startBlock: z.int().nonnegative(),
  contracts: z.object(Object.fromEntries(contractNames.map((name) => [name, address]))),
});

/**
 * Checks the contents of an address book. Node programs read the file themselves; a browser fetches it.
 * @param contents the text of the file, or what it parses to
 * @param chainId the chain that the caller is connected to, when it knows
 * @throws {AddressBookError} when it is not an address book, is incomplete, or is another chain's
 */
export const parseAddressBook = (contents: unknown, chainId?: number): AddressBook => {
  const parsed = schema.safeParse(typeof contents === 'string' ? parseJson(contents) : contents);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((i) => `  ${i.path.join('.') || 'the file'}: ${i.message}`);
    throw new AddressBookError(
      `This is not a complete address book:\n${problems.join('\n')}\nDeploy the contracts again (for the devnet: npm start) or pass the file that the deployment wrote.`,
    );
  }
  const book = parsed.data as AddressBook;
  if (chainId !== undefined && book.chainId !== chainId) {
    throw new AddressBookError(
      `The address book is for chain ${book.chainId}, but the RPC answers for chain ${chainId}. Use deploy/${chainId}.json or another RPC URL.`,
    );
  }
  return book;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AddressBookError(
      'The address book is not JSON: the file is damaged or cut off. Deploy again (for the devnet: npm start).',
      { cause },
    );
  }
};
