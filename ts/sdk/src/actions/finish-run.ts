import type { Hex } from 'viem';
import { trainingLogAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Ends a training run with its adapter. */
export function finishRun(
  client: ActionClient,
  parameters: OnChain & { runId: Hex; adapterHash: Hex },
): Promise<Sent> {
  const { book, runId, adapterHash } = parameters;
  return transact(client, {
    book,
    contract: 'TrainingLog',
    abi: trainingLogAbi,
    functionName: 'finish',
    args: [runId, adapterHash],
  });
}
