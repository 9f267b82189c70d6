import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  agentRegistryAbi,
  agentStakingAbi,
  attributionSettlementAbi,
  baselineVaultAbi,
  contributionTokenAbi,
  datanetRegistryAbi,
  inferenceEscrowAbi,
  modelRegistryAbi,
  openGovernorAbi,
  protocolParametersAbi,
  trainingLogAbi,
} from '@openledger/sdk/abis';
import { parseAddressBook } from '@openledger/sdk/addresses';
import { createConfig } from 'ponder';

const file = path.resolve(process.env.OPENLEDGER_DEPLOYMENT ?? '../deploy/31337.json');
const { chainId, startBlock, contracts } = parseAddressBook(readFileSync(file, 'utf8'));
const at = <const abi>(abi: abi, address: `0x${string}`) => ({
  chain: 'openledger' as const,
  abi,
  address,
  startBlock,
});

const rpc = process.env.OPENLEDGER_RPC_URL ?? 'http://127.0.0.1:8545';
const isDevnet = chainId === 31337;

export default createConfig({
  database: { kind: 'pglite', directory: process.env.PGLITE_DIR ?? '.ponder/pglite' },
  chains: {
    openledger: {
      id: chainId,
      // Ponder begins with 20 requests a second for each URL: right for providers that count, slow for this machine.
      rpc: isDevnet ? Array.from({ length: 16 }, () => rpc) : rpc,
      // A devnet that starts again has the same block numbers with other contents.
      disableCache: isDevnet,
      pollingInterval: isDevnet ? 250 : 1_000,
    },
  },
  contracts: {
    DatanetRegistry: at(datanetRegistryAbi, contracts.DatanetRegistry),
    ContributionToken: at(contributionTokenAbi, contracts.ContributionToken),
    ModelRegistry: at(modelRegistryAbi, contracts.ModelRegistry),
    TrainingLog: at(trainingLogAbi, contracts.TrainingLog),
    AgentRegistry: at(agentRegistryAbi, contracts.AgentRegistry),
    AgentStaking: at(agentStakingAbi, contracts.AgentStaking),
    InferenceEscrow: at(inferenceEscrowAbi, contracts.InferenceEscrow),
    AttributionSettlement: at(attributionSettlementAbi, contracts.AttributionSettlement),
    BaselineVault: at(baselineVaultAbi, contracts.BaselineVault),
    ProtocolParameters: at(protocolParametersAbi, contracts.ProtocolParameters),
    OpenGovernor: at(openGovernorAbi, contracts.OpenGovernor),
  },
});
