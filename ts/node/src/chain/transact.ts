import { BaseError, ContractFunctionRevertedError, type Hex, type TransactionReceipt } from 'viem';
import { NodeError } from '../errors.ts';
import type { Chain } from './chain.ts';

/** Waits for a transaction and turns a revert into an error. */
export async function confirmed(chain: Chain, hash: Hex, what: string): Promise<TransactionReceipt> {
  const receipt = await chain.client.waitForTransactionReceipt({ hash, timeout: 120_000 });
  if (receipt.status === 'reverted') {
    throw new NodeError(
      'not_allowed',
      `The transaction ${hash} (${what}) was reverted.`,
      'The chain has changed since it was simulated; it is looked at again with the next try.',
    );
  }
  return receipt;
}

/** The name and arguments of the contract error inside an unknown error. */
export function revertOf(error: unknown): { name: string; args: readonly unknown[] } | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (!(revert instanceof ContractFunctionRevertedError)) return undefined;
  return { name: revert.data?.errorName ?? revert.reason ?? 'unknown', args: revert.data?.args ?? [] };
}
