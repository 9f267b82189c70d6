import { agentRegistryAbi, agentStakingAbi, protocolParametersAbi } from '@openledger/sdk/abis';
import { ROLE, type Role } from '@openledger/sdk/protocol/roles';
import { formatEther, type Hex, isAddressEqual, parseAbiItem } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import { confirmed } from '../chain/transact.ts';
import { NodeError } from '../errors.ts';
import type { Log } from '../log.ts';

const registered = parseAbiItem(
  'event Registered(uint256 indexed agentId, string agentURI, address indexed owner)',
);

/** The agent that this key owns and signs for; undefined when there is none yet. */
export async function findAgent(chain: Chain, address: Hex): Promise<number | undefined> {
  const logs = await chain.client.getLogs({
    address: chain.contracts.AgentRegistry,
    event: registered,
    args: { owner: address },
    fromBlock: chain.startBlock,
    strict: true,
  });
  for (const log of logs.toReversed()) {
    const wallet = await chain.client.readContract({
      address: chain.contracts.AgentRegistry,
      abi: agentRegistryAbi,
      functionName: 'getAgentWallet',
      args: [log.args.agentId],
    });
    if (isAddressEqual(wallet, address)) return Number(log.args.agentId);
  }
  return undefined;
}

export type JoinOptions = {
  chain: Chain;
  wallet: ChainWallet;
  log: Log;
  /** What it stakes for; default: to be a node. */
  role?: Role;
  stake: bigint;
  uri: string;
};

/** Finds the key's agent or registers it, and sees to it that the stake is up. Safe to repeat after a crash. */
export async function joinNetwork(options: JoinOptions): Promise<number> {
  const { chain, wallet, log, role = 'node' } = options;
  const { address } = wallet.account;
  let agentId = await findAgent(chain, address);
  if (agentId === undefined) {
    await requireBalance(chain, address, options.stake);
    const hash = await wallet.writeContract({
      address: chain.contracts.AgentRegistry,
      abi: agentRegistryAbi,
      functionName: 'register',
      args: [options.uri],
    });
    await confirmed(chain, hash, 'registering the agent');
    agentId = await findAgent(chain, address);
    if (agentId === undefined) throw new Error('The agent was registered but cannot be found.');
    log.info({ agentId }, 'registered as an agent');
  }
  const staking = { address: chain.contracts.AgentStaking, abi: agentStakingAbi } as const;
  const staked = await chain.client.readContract({
    ...staking,
    functionName: 'stakeOf',
    args: [agentId, ROLE[role]],
  });
  const minimum = await stakeMin(chain, role);
  const wanted = options.stake > minimum ? options.stake : minimum;
  if (staked === 0n || staked < minimum) {
    const missing = wanted - staked;
    await requireBalance(chain, address, missing);
    const hash = await wallet.writeContract({
      ...staking,
      functionName: 'stake',
      args: [agentId, ROLE[role]],
      value: missing,
    });
    await confirmed(chain, hash, 'staking');
    log.info({ agentId, role, stake: formatEther(wanted) }, 'staked');
  }
  return agentId;
}

async function stakeMin(chain: Chain, role: Role): Promise<bigint> {
  const contract = { address: chain.contracts.ProtocolParameters, abi: protocolParametersAbi } as const;
  const version = await chain.client.readContract({ ...contract, functionName: 'currentVersion' });
  const parameters = await chain.client.readContract({
    ...contract,
    functionName: 'parameters',
    args: [version],
  });
  return parameters[`${role}StakeMin`];
}

async function requireBalance(chain: Chain, address: Hex, amount: bigint): Promise<void> {
  const balance = await chain.client.getBalance({ address });
  if (balance > amount) return;
  throw new NodeError(
    'not_allowed',
    `${address} has ${formatEther(balance)} OPEN, and joining needs ${formatEther(amount)} as stake and some for gas.`,
    'Send OPEN to that address, or lower --stake.',
  );
}
