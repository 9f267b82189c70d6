import type { Hex } from 'viem';
import { trainingLogAbi } from '../generated/abis.ts';
import { type ActionClient, type OnChain, type Sent, transact } from './transact.ts';

/** Opens a training run. `runId`: hash of its manifest; `inputsRoot`: see `runInputsTree`; `datanets`: ascending. */
export function openRun(
  client: ActionClient,
  parameters: OnChain & {
    runId: Hex;
    inputsRoot: Hex;
    inputCount: number;
    totalSteps: number;
    datanets: number[];
    uri: string;
  },
): Promise<Sent> {
  const { book, runId, inputsRoot, inputCount, totalSteps, datanets, uri } = parameters;
  return transact(client, {
    book,
    contract: 'TrainingLog',
    abi: trainingLogAbi,
    functionName: 'openRun',
    args: [runId, inputsRoot, inputCount, totalSteps, datanets, uri],
  });
}
