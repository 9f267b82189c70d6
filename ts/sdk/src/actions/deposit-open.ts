import { erc20Abi, type Hex } from 'viem';
import { readContract } from 'viem/actions';
import { getL2TransactionHashes } from 'viem/op-stack';
import { type Bridge, portalAbi } from './bridge.ts';
import { type ActionClient, ActionError, type Sent, transactAt } from './transact.ts';

/** Gas of the L2 transaction: a plain transfer, with room for a wallet that is a contract. */
const transferGas = 100_000n;

/**
 * Deposits `amount` wei of OPEN from L1 into the rollup, where it is the coin. `client` is on L1; `to` is by default the
 * caller. Approves what the portal lacks. The money is there once the rollup has included `l2Hash`.
 */
export async function depositOpen(
  client: ActionClient,
  parameters: { bridge: Bridge; amount: bigint; to?: Hex; gasLimit?: bigint },
): Promise<Sent & { l2Hash: Hex }> {
  const { bridge, amount, to = client.account.address, gasLimit = transferGas } = parameters;
  const token = { address: bridge.token, abi: erc20Abi } as const;
  const allowance = await readContract(client, {
    ...token,
    functionName: 'allowance',
    args: [client.account.address, bridge.portal],
  });
  if (allowance < amount) {
    await transactAt(client, {
      ...token,
      contract: 'OpenToken',
      functionName: 'approve',
      args: [bridge.portal, amount],
    });
  }
  const sent = await transactAt(client, {
    address: bridge.portal,
    contract: 'OptimismPortal',
    abi: portalAbi,
    functionName: 'depositERC20Transaction',
    args: [to, amount, amount, gasLimit, false, '0x'],
  });
  const [l2Hash] = getL2TransactionHashes(sent.receipt);
  if (!l2Hash) {
    throw new ActionError(`Transaction ${sent.hash} has no deposit: is ${bridge.portal} the portal?`);
  }
  return { ...sent, l2Hash };
}
