import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@openledger/engine/files/atomic';
import { type Hex, isAddress, isAddressEqual } from 'viem';
import { z } from 'zod';
import type { Chain } from '../chain/chain.ts';
import { NodeError, systemCode } from '../errors.ts';

const saved = z.object({
  chainId: z.number().int(),
  registry: z.custom<Hex>((value) => typeof value === 'string' && isAddress(value), 'is not an address'),
  agentId: z.number().int().min(1),
});

/** The agent that a folder belongs to; undefined when it has none yet, or one of another chain. */
export async function readAgentFile(path: string, chain: Chain): Promise<number | undefined> {
  try {
    const { chainId, registry, agentId } = saved.parse(JSON.parse(await readFile(path, 'utf8')));
    const isHere = chainId === chain.viemChain.id && isAddressEqual(registry, chain.contracts.AgentRegistry);
    return isHere ? agentId : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new NodeError(
      'storage_failed',
      `The file ${path} cannot be read.`,
      'Delete it: the agent is looked up by its key.',
      { cause: error },
    );
  }
}

/** Remembers which agent a folder belongs to. */
export function writeAgentFile(path: string, chain: Chain, agentId: number): Promise<void> {
  const agent = { chainId: chain.viemChain.id, registry: chain.contracts.AgentRegistry, agentId };
  return writeFileAtomic(path, `${JSON.stringify(agent)}\n`);
}
