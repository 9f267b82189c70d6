import type { Hex } from 'viem';
import { getWithdrawals } from 'viem/op-stack';
import { messagePasser, messagePasserAbi, type Withdrawal } from './bridge.ts';
import { type ActionClient, ActionError, type Sent, transactAt } from './transact.ts';

/**
 * Begins to withdraw `amount` wei of OPEN to L1. `client` is on L2; `to` is by default the caller. On L1 it takes
 * `proveWithdrawal`, once an output of the rollup covers the block, and `finalizeWithdrawal`, once the portal's period is
 * over.
 */
export async function withdrawOpen(
  client: ActionClient,
  parameters: { amount: bigint; to?: Hex },
): Promise<Sent & { withdrawal: Withdrawal }> {
  const { amount, to = client.account.address } = parameters;
  const sent = await transactAt(client, {
    address: messagePasser,
    contract: 'L2ToL1MessagePasser',
    abi: messagePasserAbi,
    functionName: 'initiateWithdrawal',
    // A transfer of the token on L1 calls nobody: it needs no gas of its own.
    args: [to, 0n, '0x'],
    value: amount,
  });
  const [withdrawal] = getWithdrawals(sent.receipt);
  if (!withdrawal) {
    throw new ActionError(`Transaction ${sent.hash} has no withdrawal: is this a chain of the OP Stack?`);
  }
  return { ...sent, withdrawal };
}
