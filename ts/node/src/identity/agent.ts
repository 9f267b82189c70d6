import { agentRegistryAbi, agentStakingAbi, protocolParametersAbi } from '@openledger/sdk/abis';
import { ROLE, type Role } from '@openledger/sdk/protocol/roles';
import {
  BaseError,
  ContractFunctionRevertedError,
  formatEther,
  type Hex,
  isAddressEqual,
  parseAbiItem,
} from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import { confirmed } from '../chain/transact.ts';
import { NodeError } from '../errors.ts';
import type { Log } from '../log.ts';
import { readAgentFile, writeAgentFile } from './agent-file.ts';

const registered = parseAbiItem(
  'event Registered(uint256 indexed agentId, string agentURI, address indexed owner)',
);

const metadataSet = parseAbiItem(
  'event MetadataSet(uint256 indexed agentId, string indexed indexedMetadataKey, string metadataKey, bytes metadataValue)',
);

/** The newest agent that this key signs for, as its owner or as its wallet; undefined when there is none. */
export async function findAgent(chain: Chain, address: Hex): Promise<number | undefined> {
  const filter = {
    address: chain.contracts.AgentRegistry,
    fromBlock: chain.startBlock,
    strict: true,
  } as const;
  const owned = await chain.client.getLogs({ ...filter, event: registered, args: { owner: address } });
  const named = await chain.client.getLogs({
    ...filter,
    event: metadataSet,
    args: { indexedMetadataKey: 'agentWallet' },
  });
  const isNamed = ({ args }: (typeof named)[number]) =>
    args.metadataValue.toLowerCase() === address.toLowerCase();
  const ids = [...owned, ...named.filter(isNamed)].map(({ args }) => Number(args.agentId));
  for (const agentId of [...new Set(ids)].toSorted((a, b) => b - a)) {
    const wallet = await walletOf(chain, agentId);
    if (wallet !== undefined && isAddressEqual(wallet, address)) return agentId;
  }
  return undefined;
}

/** Who signs for an agent; undefined when there is no such agent. */
async function walletOf(chain: Chain, agentId: number): Promise<Hex | undefined> {
  try {
    return await chain.client.readContract({
      address: chain.contracts.AgentRegistry,
      abi: agentRegistryAbi,
      functionName: 'getAgentWallet',
      args: [BigInt(agentId)],
    });
  } catch (error) {
    const isRevert =
      error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError);
    if (isRevert) return undefined;
    throw error;
  }
}

/** Whether an agent has ever had another wallet than this one. */
export async function hasHadAnotherWallet(chain: Chain, agentId: number, wallet: Hex): Promise<boolean> {
  const first = await chain.client.readContract({
    address: chain.contracts.AgentRegistry,
    abi: agentRegistryAbi,
    functionName: 'agentWalletAt',
    args: [BigInt(agentId), 0],
  });
  if (!isAddressEqual(first, wallet)) return true;
  const named = await chain.client.getLogs({
    address: chain.contracts.AgentRegistry,
    fromBlock: chain.startBlock,
    event: metadataSet,
    args: { agentId: BigInt(agentId), indexedMetadataKey: 'agentWallet' },
  });
  return named.length > 0;
}

/**
 * The agent that the folder is of. With a key that does not sign for it, all that was served from the folder would be lost
 * to another agent.
 */
async function resumed(
  { chain, path }: JoinOptions,
  agentId: number,
  address: Hex,
): Promise<number | undefined> {
  const wallet = await walletOf(chain, agentId);
  if (wallet === undefined || isAddressEqual(wallet, address)) return wallet && agentId;
  throw new NodeError(
    'not_allowed',
    `${path} says that this folder is agent ${agentId}'s, whose wallet is ${wallet}, and the key is ${address}'s.`,
    'Start with the key of that wallet, or make this key the wallet with AgentRegistry.setAgentWallet. Another agent needs another --home.',
  );
}

export type JoinOptions = {
  chain: Chain;
  wallet: ChainWallet;
  log: Log;
  /** What it stakes for; default: to be a node. */
  role?: Role;
  stake: bigint;
  uri: string;
  /** The file that remembers which agent this is. */
  path?: string;
};

/**
 * Finds the folder's or the key's agent or registers it, and sees to it that the stake is up. Safe to repeat after a crash,
 * and after the agent was given another wallet.
 */
export async function joinNetwork(options: JoinOptions): Promise<number> {
  const { chain, wallet, log, role = 'node', path } = options;
  const { address } = wallet.account;
  const known = path === undefined ? undefined : await readAgentFile(path, chain);
  let agentId = known === undefined ? undefined : await resumed(options, known, address);
  agentId ??= await findAgent(chain, address);
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
  if (path !== undefined && agentId !== known) await writeAgentFile(path, chain, agentId);
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
