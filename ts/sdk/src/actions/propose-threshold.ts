import { encodeFunctionData } from 'viem';
import { protocolParametersAbi } from '../generated/abis.ts';
import { propose } from './propose.ts';
import type { ActionClient, OnChain } from './transact.ts';

/** Proposes another attribution threshold; all in millionths of a kind's total score. */
export function proposeThreshold(
  client: ActionClient,
  parameters: OnChain & { base: number; min: number; max: number; description: string },
): ReturnType<typeof propose> {
  const { book, base, min, max, description } = parameters;
  const calldata = encodeFunctionData({
    abi: protocolParametersAbi,
    functionName: 'setAttributionThreshold',
    args: [base, min, max],
  });
  const targets = [book.contracts.ProtocolParameters];
  return propose(client, { book, proposal: { targets, values: [0n], calldatas: [calldata], description } });
}
