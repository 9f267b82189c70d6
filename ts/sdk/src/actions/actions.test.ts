import {
  createClient,
  custom,
  decodeFunctionData,
  encodeAbiParameters,
  encodeErrorResult,
  encodeEventTopics,
  encodeFunctionResult,
  type Hex,
  toFunctionSelector,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { anvil } from 'viem/chains';
import { describe, expect, it } from 'vitest';
import { type AddressBook, contractNames } from '../addresses.ts';
import {
  datanetRegistryAbi,
  inferenceEscrowAbi,
  openGovernorAbi,
  protocolParametersAbi,
} from '../generated/abis.ts';
import { ZERO_HASH } from '../protocol/bytes.ts';
import { contributionCommitment } from '../protocol/datanet.ts';
import { recoverVoucherSigner } from '../protocol/vouchers.ts';
import { acceptContribution } from './accept-contribution.ts';
import { contribute } from './contribute.ts';
import { openChannel } from './open-channel.ts';
import { proposalArgs } from './proposal.ts';
import { proposeThreshold } from './propose-threshold.ts';
import { signVoucher } from './sign-voucher.ts';

const account = privateKeyToAccount(`0x${'03'.repeat(32)}`);
const address = (index: number): Hex => `0x${(index + 1).toString(16).padStart(40, '0')}`;
const contracts = Object.fromEntries(contractNames.map((name, index) => [name, address(index)]));
const book = { chainId: 31_337, startBlock: 0, contracts } as AddressBook;

type Sent = { to: Hex; data: Hex; value: bigint };

/** A chain that includes everything at once and answers reads and logs as told. */
function fakeChain(options: { reads?: Record<Hex, Hex>; logs?: unknown[]; revert?: Hex } = {}) {
  const sent: Sent[] = [];
  const request = async ({ method, params }: { method: string; params?: unknown }) => {
    const [call] = (params ?? []) as [{ to: Hex; data: Hex; value?: Hex }];
    if (method === 'eth_call') return options.reads?.[call.data.slice(0, 10) as Hex];
    if (method === 'eth_estimateGas') {
      if (options.revert)
        throw Object.assign(new Error('execution reverted'), { code: 3, data: options.revert });
      return '0x5208';
    }
    if (method === 'eth_sendTransaction') {
      sent.push({ to: call.to, data: call.data, value: BigInt(call.value ?? 0) });
      return `0x${sent.length.toString(16).padStart(64, '0')}`;
    }
    if (method === 'eth_getTransactionReceipt') {
      return {
        status: '0x1',
        blockNumber: '0x1',
        transactionHash: ZERO_HASH,
        logs: options.logs ?? [],
        type: '0x2',
      };
    }
    if (method === 'eth_blockNumber') return '0x2';
    if (method === 'eth_chainId') return '0x7a69';
    throw new Error(`The fake chain has no ${method}.`);
  };
  const client = createClient({
    account: account.address,
    chain: anvil,
    transport: custom({ request }, { retryCount: 0 }),
    pollingInterval: 1,
  });
  return { sent, client };
}

const log = (topics: unknown, data: Hex) => ({
  address: address(0),
  topics,
  data,
  logIndex: '0x0',
  blockNumber: '0x1',
  transactionIndex: '0x0',
  transactionHash: ZERO_HASH,
  blockHash: ZERO_HASH,
  removed: false,
});

describe('an action', () => {
  it('calls the contract of the address book and waits for the block', async () => {
    const { client, sent } = fakeChain();
    const { receipt } = await acceptContribution(client, { book, contributionId: 7 });
    expect(receipt.status).toBe('success');
    expect(sent[0]!.to).toBe(contracts.DatanetRegistry);
    expect(decodeFunctionData({ abi: datanetRegistryAbi, data: sent[0]!.data })).toEqual({
      functionName: 'accept',
      args: [7],
    });
  });

  it("names the contract's error and its arguments, and sends nothing", async () => {
    const revert = encodeErrorResult({
      abi: datanetRegistryAbi,
      errorName: 'DatanetRegistry_NotCurator',
      args: [3, account.address],
    });
    const { client, sent } = fakeChain({ revert });
    const failed = acceptContribution(client, { book, contributionId: 7 });
    await expect(failed).rejects.toMatchObject({
      reason: 'DatanetRegistry_NotCurator',
      message: expect.stringContaining(
        'DatanetRegistry.accept would be reverted: DatanetRegistry_NotCurator(3',
      ),
    });
    expect(sent).toEqual([]);
  });

  it('says when the expected event is missing', async () => {
    const { client } = fakeChain();
    await expect(openChannel(client, { book, nodeId: 4, deposit: 5n })).rejects.toThrow(
      'no ChannelOpened event',
    );
  });
});

describe('contribute', () => {
  it("commits first, then shows the contribution with the datanet's bond", async () => {
    const salt: Hex = `0x${'0a'.repeat(32)}`;
    const datanet = {
      version: ZERO_HASH,
      configHash: ZERO_HASH,
      contributionBond: 9n,
      pricePerRow: 0n,
      permissioned: false,
      licenceCount: 1,
    };
    const reads = {
      [toFunctionSelector('datanet(uint40)')]: encodeFunctionResult({
        abi: datanetRegistryAbi,
        functionName: 'datanet',
        result: datanet,
      }),
    };
    const topics = encodeEventTopics({
      abi: datanetRegistryAbi,
      eventName: 'ContributionCommitted',
      args: { contributionId: 11 },
    });
    const { client, sent } = fakeChain({ reads, logs: [log(topics, ZERO_HASH)] });
    const content = new TextEncoder().encode('One row.\n\nAnother row.\n');
    const made = await contribute(client, {
      book,
      datanetId: 2,
      content,
      licence: 'CC0-1.0',
      source: 'my notes',
      salt,
    });
    expect(made).toMatchObject({ contributionId: 11, asset: 44 });
    const [commit, submit] = sent.map(({ data: call }) =>
      decodeFunctionData({ abi: datanetRegistryAbi, data: call }),
    );
    const { contentRoot, rowsRoot } = made.input;
    expect(commit).toEqual({
      functionName: 'commit',
      args: [contributionCommitment(account.address, contentRoot, rowsRoot, salt)],
    });
    expect(submit).toMatchObject({
      functionName: 'submit',
      args: [11, { rowCount: 2, byteLength: 23 }, salt],
    });
    expect(sent[1]!.value).toBe(9n);
  });
});

describe('openChannel', () => {
  it('lets the caller sign unless it names another signer', async () => {
    const channelId: Hex = `0x${'cc'.repeat(32)}`;
    const topics = encodeEventTopics({
      abi: inferenceEscrowAbi,
      eventName: 'ChannelOpened',
      args: { channelId, consumer: account.address, nodeId: 4 },
    });
    const data = encodeAbiParameters(
      [{ type: 'address' }, { type: 'bytes32' }, { type: 'uint96' }],
      [account.address, ZERO_HASH, 5n],
    );
    const { client, sent } = fakeChain({ logs: [log(topics, data)] });
    const opened = await openChannel(client, { book, nodeId: 4, deposit: 5n });
    expect(opened.channelId).toBe(channelId);
    const { args } = decodeFunctionData({ abi: inferenceEscrowAbi, data: sent[0]!.data });
    expect(args).toMatchObject([4, account.address, expect.any(String)]);
    expect(sent[0]!.value).toBe(5n);
  });
});

describe('a proposal', () => {
  it('for a threshold calls the parameters', async () => {
    const data = encodeAbiParameters(
      [
        { type: 'uint256' },
        { type: 'address' },
        { type: 'address[]' },
        { type: 'uint256[]' },
        { type: 'string[]' },
        { type: 'bytes[]' },
        { type: 'uint256' },
        { type: 'uint256' },
        { type: 'string' },
      ],
      [77n, account.address, [], [], [], [], 0n, 0n, ''],
    );
    const topics = encodeEventTopics({ abi: openGovernorAbi, eventName: 'ProposalCreated' });
    const { client, sent } = fakeChain({ logs: [log(topics, data)] });
    const made = await proposeThreshold(client, { book, base: 3, min: 1, max: 9, description: 'Higher' });
    expect(made.proposalId).toBe(77n);
    const { functionName, args } = decodeFunctionData({ abi: openGovernorAbi, data: sent[0]!.data });
    expect(functionName).toBe('propose');
    const [targets, , calldatas] = args as unknown as [Hex[], bigint[], Hex[]];
    expect(targets).toEqual([contracts.ProtocolParameters]);
    expect(decodeFunctionData({ abi: protocolParametersAbi, data: calldatas[0]! })).toEqual({
      functionName: 'setAttributionThreshold',
      args: [3, 1, 9],
    });
    // keccak256 of the description, as the governor hashes it.
    expect(proposalArgs(made.proposal)[3]).toMatch(/^0x[0-9a-f]{64}$/);
  });
});

describe('signVoucher', () => {
  it('signs what the escrow recovers', async () => {
    const client = createClient({
      account,
      chain: anvil,
      transport: custom({ request: async () => undefined }),
    });
    const voucher = {
      channelId: ZERO_HASH,
      epoch: 1,
      settledFee: 2n,
      cumulativeFee: 3n,
      receiptsRoot: ZERO_HASH,
      receiptCount: 4,
    };
    const signature = await signVoucher(client, { book, voucher });
    const domain = { chainId: 31_337, verifyingContract: book.contracts.InferenceEscrow };
    expect(await recoverVoucherSigner(domain, voucher, signature)).toBe(account.address);
  });
});
