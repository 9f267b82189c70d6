import { agentRegistryAbi } from '../generated/abis.ts';
import { type ActionClient, eventOf, type OnChain, type Sent, transact } from './transact.ts';

/** Registers an agent (ERC-8004); its token goes to the caller, who also acts for it until another wallet is set. */
export async function registerAgent(
  client: ActionClient,
  parameters: OnChain & { uri: string },
): Promise<Sent & { agentId: number }> {
  const { book, uri } = parameters;
  const sent = await transact(client, {
    book,
    contract: 'AgentRegistry',
    abi: agentRegistryAbi,
    functionName: 'register',
    args: [uri],
  });
  return { ...sent, agentId: Number(eventOf(sent.receipt, agentRegistryAbi, 'Registered').agentId) };
}
