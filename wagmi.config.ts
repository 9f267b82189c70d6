import { existsSync, readFileSync } from 'node:fs';
import { type Config, type ContractConfig, defineConfig } from '@wagmi/cli';
import { actions, react } from '@wagmi/cli/plugins';

/**
 * Turns the compiled contracts into what TypeScript imports: `abis.ts` needs nothing, `contracts.ts` adds
 * actions on @wagmi/core, `hooks.ts` adds React hooks. No file has addresses: the address book is read at run time.
 * `script/codegen.mjs` runs this, and keeps one copy of each ABI; run `forge build` first.
 */
const out = process.env.OPENLEDGER_CODEGEN_OUT ?? 'ts/sdk/src/generated';
const bedrock = 'node_modules/@eth-optimism/contracts-bedrock/forge-artifacts';

/** What people and programs call: these get actions and hooks. */
const called = [
  'OpenTimelock',
  'OpenGovernor',
  'GovernanceOpen',
  'ProtocolParameters',
  'DatanetRegistry',
  'DatanetHygiene',
  'ContributionToken',
  'ModelRegistry',
  'TrainingLog',
  'AgentRegistry',
  'ReputationRegistry',
  'ValidationRegistry',
  'OutcomeRecorder',
  'AgentStaking',
  'StakerRewards',
  'Airdrop',
  'ProgrammeVault',
  'InferenceEscrow',
  'AttributionSettlement',
  'CaseRegistry',
  'BaselineVault',
  'TrainingFees',
  'PaymentInbox',
  'PaymentInboxes',
  'AuditRegistry',
];

/** What is only deployed, or called by other contracts: ABIs suffice. */
const other = [
  'AccessManager',
  'OpenToken',
  'TokenDistribution',
  'AllocationPredicate',
  'CreditPredicate',
  'TransitionPredicate',
  'MalformedPredicate',
  'ScorePredicate',
  'NoticePredicate',
  'WithheldPredicate',
  'OmissionPredicate',
  'SpanPredicate',
  'SpanOmissionPredicate',
  'RetrievalPredicate',
  'AuthCaptureEscrow',
];

const abiOf = (file: string): ContractConfig['abi'] => JSON.parse(readFileSync(file, 'utf8')).abi;

/**
 * Settlement is two contracts behind one address: its interface has the functions of both. The escrow of metered payments
 * is another project's.
 */
const interfaces: Record<string, string> = {
  AttributionSettlement: 'IAttributionSettlement',
  AuthCaptureEscrow: 'IAuthCaptureEscrow',
};

const contract = (name: string): ContractConfig => {
  const artifact = interfaces[name] ?? name;
  const file = `out/${artifact}.sol/${artifact}.json`;
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run build:contracts\` first.`);
  return { name, abi: abiOf(file) };
};

const predeploy = (name: string, file = name): ContractConfig => ({
  name,
  abi: abiOf(`${bedrock}/${file}.sol/${file}.json`),
});

const calledContracts = called.map(contract);
const allContracts = [
  ...calledContracts,
  ...other.map(contract),
  predeploy('Weth', 'WETH'),
  predeploy('L1Block'),
  predeploy('L2ToL1MessagePasser'),
];

export default defineConfig([
  { out: `${out}/abis.ts`, contracts: allContracts },
  {
    out: `${out}/contracts.ts`,
    contracts: calledContracts,
    plugins: [actions({ overridePackageName: '@wagmi/core' })],
  },
  { out: `${out}/hooks.ts`, contracts: calledContracts, plugins: [react()] },
] satisfies Config[]);
