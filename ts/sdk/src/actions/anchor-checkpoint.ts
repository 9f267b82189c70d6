import type { Hex } from 'viem';
import { trainingLogAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Anchors the records of steps 1 … `step` and a checkpoint. `stepsRoot`: see `stepsTree`. */
export function anchorCheckpoint(
  client: ActionClient,
  parameters: OnChain & { runId: Hex; step: number; stepsRoot: Hex; checkpointHash: Hex },
): Promise<Sent> {
  const { book, runId, step, stepsRoot, checkpointHash } = parameters;
  return transact(client, {
    book,
    contract: 'TrainingLog',
    abi: trainingLogAbi,
    functionName: 'anchor',
    args: [runId, step, stepsRoot, checkpointHash],
  });
}
