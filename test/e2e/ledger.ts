// The auditor: reads only the chain and the signed vouchers, shares no code with the product, and checks that each
// wei of the fees is where the split says. `open` before the money moves, the returned function after all is claimed.
import { createPublicClient, type Hex, http, parseAbi, recoverTypedDataAddress } from 'viem';

export type Voucher = {
  channelId: Hex;
  epoch: number;
  settledFee: bigint;
  cumulativeFee: bigint;
  receiptsRoot: Hex;
  receiptCount: number;
  signature: Hex;
};
export type Parties = { node: Hex; modelOwners: Hex[]; contributors: Hex[] };
type Book = Record<
  | 'InferenceEscrow'
  | 'AttributionSettlement'
  | 'ProtocolParameters'
  | 'OpenTimelock'
  | 'StakerRewards'
  | 'BaselineVault',
  Hex
>;

const BURN: Hex = '0x000000000000000000000000000000000000dEaD';
const abi = parseAbi([
  'event Paid(uint40 indexed nodeId, uint40 indexed asset, address indexed payee, uint96 amount, uint96 cumulative)',
  'function channel(bytes32) view returns ((address consumer, address signer, uint40 nodeId, uint32 epoch, uint96 deposit, uint96 settled, uint40 exitAt))',
  'function currentVersion() view returns (uint32)',
  'function parameters(uint32) view returns ((uint16 burnBps, uint16 treasuryBps, uint16 nodeBps, uint16 stakersBps, uint16 modelBps, uint16 contributorsBps, uint32 tauBasePpm, uint32 tauMinPpm, uint32 tauMaxPpm, uint96 feeRef, uint16 mixInfluenceBps, uint16 mixSpanBps, uint16 mixRetrievalBps, uint32 challengeWindow, uint32 unbondingPeriod, uint32 exitDelay, uint96 bondMin, uint16 bondBps, uint32 detectionPpm, uint16 slashRewardBps, uint96 nodeStakeMin))',
]);
const fields = (list: string) =>
  list.split(',').map((f) => ({ type: f.split(' ')[0], name: f.split(' ')[1] }));
const types = {
  Voucher: fields(
    'bytes32 channelId,uint32 epoch,uint96 settledFee,uint96 cumulativeFee,bytes32 receiptsRoot,uint32 receiptCount',
  ),
};

export async function openLedger(rpcUrl: string, book: Book, parties: Parties) {
  const chain = createPublicClient({ transport: http(rpcUrl) });
  const accounts = {
    burn: BURN,
    treasury: book.OpenTimelock,
    stakers: book.StakerRewards,
    vault: book.BaselineVault,
    node: parties.node,
  };
  const all = [...Object.values(accounts), ...parties.modelOwners, ...parties.contributors];
  const balances = async () =>
    new Map(await Promise.all(all.map(async (a) => [a, await chain.getBalance({ address: a })] as const)));
  const [before, first] = [await balances(), (await chain.getBlockNumber()) + 1n];
  const version = await chain.readContract({
    abi,
    address: book.ProtocolParameters,
    functionName: 'currentVersion',
  });
  const split = await chain.readContract({
    abi,
    address: book.ProtocolParameters,
    functionName: 'parameters',
    args: [version],
  });

  /** Returns what differs, as sentences; an empty list means that every wei is where it must be. */
  return async (vouchers: Voucher[]): Promise<string[]> => {
    const [after, last, wrong] = [await balances(), await chain.getBlockNumber(), [] as string[]];
    const domain = {
      name: 'OpenLedger',
      version: '1',
      chainId: await chain.getChainId(),
      verifyingContract: book.InferenceEscrow,
    };
    let fees = 0n;
    for (const { signature, ...message } of vouchers) {
      const { signer } = await chain.readContract({
        abi,
        address: book.InferenceEscrow,
        functionName: 'channel',
        args: [message.channelId],
      });
      const signed = await recoverTypedDataAddress({
        domain,
        types,
        primaryType: 'Voucher',
        message,
        signature,
      });
      if (signed !== signer) wrong.push(`voucher ${message.epoch} is signed by ${signed}, not by ${signer}`);
      fees += message.cumulativeFee - message.settledFee;
    }
    let gas = 0n; // what the node spent on its own transactions meanwhile
    for (let n = first; n <= last; n++)
      for (const tx of (await chain.getBlock({ blockNumber: n, includeTransactions: true })).transactions) {
        const receipt =
          tx.from.toLowerCase() === parties.node.toLowerCase()
            ? await chain.getTransactionReceipt({ hash: tx.hash })
            : undefined;
        if (receipt) gas += receipt.gasUsed * receipt.effectiveGasPrice + tx.value;
      }
    const gained = (a: Hex) => after.get(a)! - before.get(a)!;
    const expect = (who: string, got: bigint, want: bigint) =>
      got === want || wrong.push(`${who}: got ${got} wei, must be ${want}`);
    const share = (bps: number) => (fees * BigInt(bps)) / 10_000n;
    expect('burn', gained(BURN), share(split.burnBps));
    expect('treasury', gained(accounts.treasury), share(split.treasuryBps));
    expect('stakers', gained(accounts.stakers), share(split.stakersBps));
    expect('node', gained(accounts.node) + gas, share(split.nodeBps));
    expect(
      'model owners',
      parties.modelOwners.reduce((sum, a) => sum + gained(a), 0n),
      share(split.modelBps),
    );
    const paid = await chain.getContractEvents({
      abi,
      address: book.AttributionSettlement,
      eventName: 'Paid',
      fromBlock: first,
    });
    for (const a of parties.contributors)
      expect(
        `contributor ${a}`,
        gained(a),
        paid.reduce((sum, { args }) => (args.payee === a ? sum + args.amount! : sum), 0n),
      );
    expect(
      'contributors and baseline',
      [...parties.contributors, accounts.vault].reduce((sum, a) => sum + gained(a), 0n),
      share(split.contributorsBps),
    );
    return wrong;
  };
}
