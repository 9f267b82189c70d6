import { type Bridge, portalAbi, type Withdrawal } from './bridge.ts';
import { type ActionClient, type Sent, transactAt } from './transact.ts';

/** Pays out a proven withdrawal on L1 once the portal's period is over. Anyone may call; `client` is on L1. */
export function finalizeWithdrawal(
  client: ActionClient,
  parameters: { bridge: Bridge; withdrawal: Withdrawal },
): Promise<Sent> {
  const { bridge, withdrawal } = parameters;
  return transactAt(client, {
    address: bridge.portal,
    contract: 'OptimismPortal',
    abi: portalAbi,
    functionName: 'finalizeWithdrawalTransaction',
    args: [withdrawal],
  });
}
