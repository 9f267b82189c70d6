import type { Chain, Client, Transport } from 'viem';
import { readContract } from 'viem/actions';
import { buildProveWithdrawal } from 'viem/op-stack';
import { type Bridge, outputOracleAbi, portalAbi, type Withdrawal } from './bridge.ts';
import { type ActionClient, type Sent, transactAt } from './transact.ts';

/**
 * Proves on L1 that the rollup holds a withdrawal, against the first output that covers its block. `client` is on L1, `l2`
 * reads the rollup. Fails as long as there is no such output.
 */
export async function proveWithdrawal(
  client: ActionClient,
  parameters: {
    bridge: Bridge;
    l2: Client<Transport, Chain | undefined>;
    withdrawal: Withdrawal;
    /** The block on L2 in which the withdrawal is. */
    blockNumber: bigint;
  },
): Promise<Sent> {
  const { bridge, l2, withdrawal, blockNumber } = parameters;
  const oracle = { address: bridge.l2OutputOracle, abi: outputOracleAbi } as const;
  const outputIndex = await readContract(client, {
    ...oracle,
    functionName: 'getL2OutputIndexAfter',
    args: [blockNumber],
  });
  const proposed = await readContract(client, {
    ...oracle,
    functionName: 'getL2Output',
    args: [outputIndex],
  });
  const output = { outputIndex, ...proposed };
  const proof = await buildProveWithdrawal(l2, { output, withdrawal, chain: undefined });
  return transactAt(client, {
    address: bridge.portal,
    contract: 'OptimismPortal',
    abi: portalAbi,
    functionName: 'proveWithdrawalTransaction',
    args: [withdrawal, proof.l2OutputIndex, proof.outputRootProof, proof.withdrawalProof],
  });
}
