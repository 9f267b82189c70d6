import { type Hex, parseAbi } from 'viem';

/** Where the L1 end of the bridge is: OPEN, and the rollup's portal that holds what is deposited. */
export type Bridge = { token: Hex; portal: Hex; l2OutputOracle: Hex };

/** A withdrawal as the L2 chain recorded it; what {@link proveWithdrawal} and {@link finalizeWithdrawal} need of it. */
export type Withdrawal = {
  nonce: bigint;
  sender: Hex;
  target: Hex;
  value: bigint;
  gasLimit: bigint;
  data: Hex;
  withdrawalHash: Hex;
};

/** Where the OP Stack keeps the contract that withdrawals begin with. */
export const messagePasser: Hex = '0x4200000000000000000000000000000000000016';

/** What is called of OptimismPortal 2.8, which takes an ERC-20 as the rollup's coin. */
export const portalAbi = parseAbi([
  'struct Withdrawal { uint256 nonce; address sender; address target; uint256 value; uint256 gasLimit; bytes data; }',
  'struct OutputRootProof { bytes32 version; bytes32 stateRoot; bytes32 messagePasserStorageRoot; bytes32 latestBlockhash; }',
  'function depositERC20Transaction(address to, uint256 mint, uint256 value, uint64 gasLimit, bool isCreation, bytes data)',
  'function proveWithdrawalTransaction(Withdrawal withdrawal, uint256 l2OutputIndex, OutputRootProof outputRootProof, bytes[] withdrawalProof)',
  'function finalizeWithdrawalTransaction(Withdrawal withdrawal)',
  'error BadTarget()',
  'error CallPaused()',
  'error GasEstimation()',
  'error LargeCalldata()',
  'error NonReentrant()',
  'error NoValue()',
  'error OnlyCustomGasToken()',
  'error OutOfGas()',
  'error SmallGasLimit()',
  'error TransferFailed()',
]);

/** What is read of L2OutputOracle: the rollup's outputs, every so many blocks. */
export const outputOracleAbi = parseAbi([
  'struct Output { bytes32 outputRoot; uint128 timestamp; uint128 l2BlockNumber; }',
  'function getL2OutputIndexAfter(uint256 l2BlockNumber) view returns (uint256)',
  'function getL2Output(uint256 index) view returns (Output)',
]);

/** The message passer on L2. */
export const messagePasserAbi = parseAbi([
  'function initiateWithdrawal(address target, uint256 gasLimit, bytes data) payable',
]);
