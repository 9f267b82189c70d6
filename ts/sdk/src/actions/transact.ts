import {
  type Abi,
  type Account,
  BaseError,
  type Chain,
  type Client,
  type ContractEventName,
  type ContractFunctionArgs,
  type ContractFunctionName,
  ContractFunctionRevertedError,
  type GetEventArgs,
  type Hex,
  parseEventLogs,
  type TransactionReceipt,
  type Transport,
} from 'viem';
import { estimateContractGas, waitForTransactionReceipt, writeContract } from 'viem/actions';
import type { AddressBook, ContractName } from '../addresses.ts';
import { ProtocolError } from '../protocol/bytes.ts';

/** A viem client with an account: what every action takes first. */
export type ActionClient = Client<Transport, Chain | undefined, Account>;

/** Where the contracts are; part of every action's parameters. */
export type OnChain = { book: AddressBook };

/** What every action returns at least. The transaction is in a block and was not reverted. */
export type Sent = { hash: Hex; receipt: TransactionReceipt };

/** An action failed; `reason` is the contract's error, if it was one. */
export class ActionError extends ProtocolError {
  override readonly name = 'ActionError';
  readonly reason?: string;
  readonly args?: readonly unknown[];

  constructor(
    message: string,
    options: { reason?: string; args?: readonly unknown[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.reason = options.reason;
    this.args = options.args;
  }
}

/** A state-changing call of one of the protocol's contracts. */
export type Call<abi extends Abi, name extends ContractFunctionName<abi, 'nonpayable' | 'payable'>> = {
  book: AddressBook;
  contract: ContractName;
  abi: abi;
  functionName: name;
  args: ContractFunctionArgs<abi, 'nonpayable' | 'payable', name>;
  value?: bigint;
};

/** The same of a contract whose address is known. */
export type CallAt<abi extends Abi, name extends ContractFunctionName<abi, 'nonpayable' | 'payable'>> = Omit<
  Call<abi, name>,
  'book' | 'contract'
> & { address: Hex; contract: string };

/** Sends one call and waits until it is in a block. A revert becomes an {@link ActionError} that names the reason. */
export async function transact<
  const abi extends Abi,
  name extends ContractFunctionName<abi, 'nonpayable' | 'payable'>,
>(client: ActionClient, call: Call<abi, name>): Promise<Sent> {
  const { book, ...rest } = call;
  return transactAt(client, { ...rest, address: book.contracts[call.contract] });
}

/** {@link transact} for a contract that no address book names. */
export async function transactAt<
  const abi extends Abi,
  name extends ContractFunctionName<abi, 'nonpayable' | 'payable'>,
>(client: ActionClient, call: CallAt<abi, name>): Promise<Sent> {
  const { contract, ...rest } = call;
  const what = `${contract}.${call.functionName}`;
  // viem's own parameter types are unions over all payabilities; `Call` above is what callers are held to.
  const request = { ...rest, account: client.account } as never;
  try {
    // Against the pending block: some calls are allowed one block after an earlier one, which is the next.
    const gas = await estimateContractGas(client, { ...(request as object), blockTag: 'pending' } as never);
    const hash = await writeContract(client, {
      ...(request as object),
      chain: client.chain ?? null,
      gas: gas + gas / 5n,
    } as never);
    const receipt = await waitForTransactionReceipt(client, { hash });
    if (receipt.status === 'success') return { hash, receipt };
    throw new ActionError(
      `${what} was reverted in transaction ${hash}: the chain changed meanwhile. Try again.`,
    );
  } catch (error) {
    throw readable(error, what);
  }
}

/** Arguments of the first event of that name in a receipt; throws when there is none. */
export function eventOf<const abi extends Abi, name extends ContractEventName<abi>>(
  receipt: TransactionReceipt,
  abi: abi,
  eventName: name,
): GetEventArgs<abi, name, { EnableUnion: false; IndexedOnly: false; Required: true }> {
  const [log] = parseEventLogs({ abi, logs: receipt.logs, eventName }) as { args: unknown }[];
  if (!log) {
    throw new ActionError(
      `Transaction ${receipt.transactionHash} has no ${eventName} event: is the address book current?`,
    );
  }
  return log.args as never;
}

function readable(error: unknown, what: string): unknown {
  if (!(error instanceof BaseError)) return error;
  const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (!(revert instanceof ContractFunctionRevertedError)) {
    return new ActionError(`${what} failed: ${error.shortMessage}`, { cause: error });
  }
  const reason = revert.data?.errorName ?? revert.reason ?? revert.signature ?? 'without a reason';
  const args = revert.data?.args;
  const shown = args && args.length > 0 ? `${reason}(${args.join(', ')})` : reason;
  return new ActionError(`${what} would be reverted: ${shown}`, { reason, args, cause: error });
}
