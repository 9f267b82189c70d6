import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  type Abi,
  concat,
  createTestClient,
  encodeFunctionData,
  type Hex,
  hexToBytes,
  http,
  keccak256,
  publicActions,
  type TransactionReceipt,
  walletActions,
  zeroAddress,
  zeroHash,
} from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import {
  extractTransactionDepositedLogs,
  getSourceHash,
  opaqueDataToDepositData,
  serializeTransaction,
} from 'viem/op-stack';
import type { Bridge } from '../../ts/sdk/src/actions/bridge.ts';
import { startAnvil } from './anvil.ts';
import { root } from './ports.ts';

const mnemonic = 'test test test test test test test test test test test junk';
const bedrock = 'node_modules/@eth-optimism/contracts-bedrock/forge-artifacts';

/** Account `index` of the devnets' mnemonic. */
export const account = (index: number) => mnemonicToAccount(mnemonic, { addressIndex: index });

const predeploys: Record<string, Hex> = {
  WETH: '0x4200000000000000000000000000000000000006',
  GasPriceOracle: '0x420000000000000000000000000000000000000F',
  L1Block: '0x4200000000000000000000000000000000000015',
  L2ToL1MessagePasser: '0x4200000000000000000000000000000000000016',
};

/** Every this many blocks of the rollup there is an output. */
const submissionInterval = 20n;

/** How long the portal waits with a proven withdrawal, in seconds. */
export const finalizationPeriod = 12;

type Artifact = { abi: Abi; bytecode: Hex; deployedBytecode: Hex };

/** A compiled contract: of the OP Stack, or ours. */
function artifact(name: string, folder = bedrock): Artifact {
  const file = JSON.parse(readFileSync(join(root, folder, `${name}.sol/${name}.json`), 'utf8'));
  return { abi: file.abi, bytecode: file.bytecode.object, deployedBytecode: file.deployedBytecode.object };
}

const clientAt = (url: string) =>
  createTestClient({ mode: 'anvil', account: account(0), transport: http(url), pollingInterval: 20 })
    .extend(publicActions)
    .extend(walletActions);

/** One of the two chains. */
export type ChainClient = ReturnType<typeof clientAt>;

/** An L1 and a rollup on it whose coin is OPEN: the bytecode of the OP Stack, without its programs. */
export type Rollup = {
  l1: ChainClient;
  l2: ChainClient;
  bridge: Bridge;
  systemConfig: Hex;
  /** Includes the deposits of an L1 transaction in the rollup, as the rollup's node would. */
  derive: (receipt: TransactionReceipt) => Promise<Hex[]>;
  /** Mines to the next output's block and proposes the output, as the rollup's proposer would. */
  propose: () => Promise<void>;
  /** Sum of all balances of the rollup but those that withdrawals left behind. */
  circulating: () => Promise<bigint>;
  stop: () => Promise<void>;
};

/** Starts both chains, deploys the bridge and tells the rollup what its coin is. */
export async function startRollup(): Promise<Rollup> {
  const chains = await Promise.all([
    startAnvil('--chain-id', '31338'),
    startAnvil('--chain-id', '31337', '--network', 'optimism', '--balance', '0'),
  ]);
  const stop = async () => {
    await Promise.all(chains.map((chain) => chain.close()));
  };
  try {
    const [l1, l2] = chains.map(({ rpc }) => clientAt(rpc));
    for (const [name, address] of Object.entries(predeploys)) {
      await l2.setCode({ address, bytecode: artifact(name).deployedBytecode });
    }
    const derive = (receipt: TransactionReceipt) => deriveDeposits(l2, receipt);
    const { bridge, systemConfig, receipts } = await deployBridge(l1);
    for (const receipt of receipts) await derive(receipt);
    const propose = () => proposeOutput(l1, l2, bridge);
    return { l1, l2, bridge, systemConfig, derive, propose, circulating: () => circulatingOn(l2), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function deploy(l1: ChainClient, contract: Artifact, args: unknown[] = []): Promise<Hex> {
  const hash = await l1.deployContract({ abi: contract.abi, bytecode: contract.bytecode, args, chain: null });
  const { contractAddress } = await l1.waitForTransactionReceipt({ hash });
  if (!contractAddress) throw new Error('A contract was not deployed.');
  return contractAddress;
}

/** Puts code behind a proxy of the OP Stack and initialises it. */
async function install(
  l1: ChainClient,
  proxy: Hex,
  name: string,
  args: unknown[],
): Promise<TransactionReceipt> {
  const contract = artifact(name);
  const data = encodeFunctionData({ abi: contract.abi, functionName: 'initialize', args });
  const hash = await l1.writeContract({
    address: proxy,
    abi: artifact('Proxy').abi,
    functionName: 'upgradeToAndCall',
    args: [await deploy(l1, contract), data],
    chain: null,
  });
  return l1.waitForTransactionReceipt({ hash });
}

async function deployBridge(l1: ChainClient) {
  const owner = l1.account.address;
  const code = artifact('OpenToken', 'out');
  const init = encodeFunctionData({ abi: code.abi, functionName: 'initialize', args: [owner, owner] });
  const token = await deploy(l1, artifact('ERC1967Proxy', 'out'), [await deploy(l1, code), init]);
  const proxy = () => deploy(l1, artifact('Proxy'), [owner]);
  const superchain = await proxy();
  const l2OutputOracle = await proxy();
  const portal = await proxy();
  const systemConfig = await proxy();
  const start = (await l1.getBlock()).timestamp - 3_600n;
  await install(l1, superchain, 'SuperchainConfig', [owner, false]);
  const oracle = [submissionInterval, 1n, 0n, start, owner, owner, BigInt(finalizationPeriod)];
  await install(l1, l2OutputOracle, 'L2OutputOracle', oracle);
  // The portal first: the configuration tells it what the coin is.
  await install(l1, portal, 'OptimismPortal', [l2OutputOracle, systemConfig, superchain]);
  const resources = {
    maxResourceLimit: 20_000_000,
    elasticityMultiplier: 10,
    baseFeeMaxChangeDenominator: 8,
    minimumBaseFee: 1_000_000_000,
    systemTxMaxGas: 1_000_000,
    maximumBaseFee: 2n ** 128n - 1n,
  };
  const addresses = {
    l1CrossDomainMessenger: zeroAddress,
    l1ERC721Bridge: zeroAddress,
    l1StandardBridge: zeroAddress,
    disputeGameFactory: zeroAddress,
    optimismPortal: portal,
    optimismMintableERC20Factory: zeroAddress,
    gasPayingToken: token,
  };
  const config = [owner, 1368, 810_949, zeroHash, 30_000_000n, owner, resources, owner, addresses];
  const configured = await install(l1, systemConfig, 'SystemConfig', config);
  return { bridge: { token, portal, l2OutputOracle }, systemConfig, receipts: [configured] };
}

/** TransactionDeposited on L1 becomes a transaction of type 0x7e on L2. */
async function deriveDeposits(l2: ChainClient, receipt: TransactionReceipt): Promise<Hex[]> {
  const hashes: Hex[] = [];
  for (const log of extractTransactionDepositedLogs(receipt)) {
    const { isCreation, ...deposit } = opaqueDataToDepositData(log.args.opaqueData);
    const sourceHash = getSourceHash({
      domain: 'userDeposit',
      l1BlockHash: log.blockHash,
      l1LogIndex: log.logIndex,
    });
    const serializedTransaction = serializeTransaction({
      ...deposit,
      type: 'deposit',
      from: log.args.from,
      to: isCreation ? undefined : log.args.to,
      sourceHash,
      isSystemTx: false,
    });
    const hash = await l2.sendRawTransaction({ serializedTransaction });
    const { status } = await l2.waitForTransactionReceipt({ hash });
    if (status !== 'success') throw new Error(`The deposit ${hash} failed on L2.`);
    hashes.push(hash);
  }
  return hashes;
}

async function proposeOutput(l1: ChainClient, l2: ChainClient, bridge: Bridge): Promise<void> {
  const oracle = { address: bridge.l2OutputOracle, abi: artifact('L2OutputOracle').abi } as const;
  const next = (await l1.readContract({ ...oracle, functionName: 'nextBlockNumber' })) as bigint;
  const missing = next - (await l2.getBlockNumber());
  if (missing < 0n) throw new Error(`L2 is past block ${next}.`);
  await l2.mine({ blocks: Number(missing) });
  const block = await l2.getBlock({ blockNumber: next });
  const passer = await l2.getProof({
    address: predeploys.L2ToL1MessagePasser as Hex,
    storageKeys: [],
    blockNumber: next,
  });
  const outputRoot = keccak256(concat([zeroHash, block.stateRoot, passer.storageHash, block.hash]));
  const hash = await l1.writeContract({
    ...oracle,
    functionName: 'proposeL2Output',
    args: [outputRoot, next, zeroHash, 0n],
    chain: null,
  });
  await l1.waitForTransactionReceipt({ hash });
}

async function circulatingOn(l2: ChainClient): Promise<bigint> {
  const dump = (await l2.request({ method: 'anvil_dumpState' as never })) as Hex;
  const bytes = hexToBytes(dump);
  const isZipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const state = JSON.parse((isZipped ? gunzipSync(bytes) : Buffer.from(bytes)).toString());
  let sum = 0n;
  for (const [address, { balance }] of Object.entries<{ balance: string | number }>(state.accounts)) {
    const isLeftBehind = address.toLowerCase() === predeploys.L2ToL1MessagePasser?.toLowerCase();
    if (!isLeftBehind) sum += BigInt(balance);
  }
  return sum;
}

/** Moves an anvil's clock forward. */
export async function wait(client: ChainClient, seconds: number): Promise<void> {
  await client.increaseTime({ seconds });
  await client.mine({ blocks: 1 });
}
