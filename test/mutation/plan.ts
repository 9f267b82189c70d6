/** Which files are mutated, and which tests are asked about each. */
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { type ContractName, ROOT } from './compiler.ts';

/** Libraries that carry the arithmetic of settlement, staking and payments. */
const LIBRARIES = [
  'Allocation',
  'ChannelLedger',
  'MerkleSum',
  'NodeLedger',
  'PositionalMerkle',
  'RewardLedger',
  'StakeLedger',
];

export function mutatedFiles(): string[] {
  const folders = globSync('src/{settlement,staking,payments}/**/*.sol', { cwd: ROOT }).sort();
  return [...folders, ...LIBRARIES.map((name) => `src/libraries/${name}.sol`)];
}

/** Everything that may notice a mutant that its closest tests let pass. */
export const ALL_TESTS =
  'test/{unit/settlement,unit/staking,unit/payments,unit/libraries,unit/governance,unit/script,differential,invariant}/**';

const CLOSEST: [part: string, tests: string][] = [
  ['src/settlement/predicates/', 'test/{unit/settlement/predicates,differential}/**'],
  ['src/settlement/AuditRegistry', 'test/unit/settlement/AuditRegistry/**'],
  ['src/settlement/BaselineVault', 'test/unit/settlement/{BaselineVault,BaselineVault*,Thread}{.t.sol,/**}'],
  [
    'src/settlement/',
    'test/unit/settlement/{AttributionSettlement,AttributionSettlement*,Thread}{.t.sol,/**}',
  ],
  ['src/staking/AgentStaking', 'test/unit/staking/{Agent,Case}*{.t.sol,/**}'],
  ['src/staking/Case', 'test/unit/staking/Case*{.t.sol,/**}'],
  ['src/staking/StakerRewards', 'test/unit/staking/StakerRewards*{.t.sol,/**}'],
  ['src/payments/InferenceEscrow', 'test/unit/payments/InferenceEscrow*{.t.sol,/**}'],
  ['src/payments/EscrowSignatures', 'test/unit/payments/InferenceEscrow*{.t.sol,/**}'],
  ['src/payments/TrainingFees', 'test/unit/payments/TrainingFees/**'],
  ['src/payments/PaymentInbox', 'test/unit/payments/PaymentInbox{,es}/**'],
  [
    'src/libraries/NodeLedger',
    'test/unit/settlement/{AttributionSettlement,AttributionSettlement*,Thread,BaselineVault}{.t.sol,/**}',
  ],
  ['src/libraries/StakeLedger', 'test/unit/staking/{Agent,Case}*{.t.sol,/**}'],
  ['src/libraries/ChannelLedger', 'test/unit/payments/InferenceEscrow*{.t.sol,/**}'],
  ['src/libraries/RewardLedger', 'test/unit/staking/StakerRewards*{.t.sol,/**}'],
  ['src/libraries/', 'test/{unit/libraries,unit/settlement/predicates}/**'],
];

/** The tests most likely to notice a mutant of the file: they run first. */
export function closestTests(file: string): string {
  return CLOSEST.find(([part]) => file.startsWith(part))?.[1] ?? ALL_TESTS;
}

/** Tests that have a library's code in their own bytecode, so that they are compiled again with the mutant. */
export function testsOfLibrary(file: string): ContractName[] {
  if (!file.startsWith('src/libraries/')) return [];
  const name = basename(file, '.sol');
  return globSync(`test/unit/libraries/${name}*.t.sol`, { cwd: ROOT })
    .sort()
    .map((path): ContractName => `${path}:${basename(path, '.t.sol')}Test`);
}
