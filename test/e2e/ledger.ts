// The auditor: it reads only the chain and the signed vouchers, shares no code with the product, and checks that each
// wei of the fees is where the split says. Open it before the money moves; call what it returns after all is claimed.
import { createPublicClient, encodeFunctionData, type Hex, hexToBigInt, http, parseAbi, recoverTypedDataAddress, slice } from 'viem';

export type Voucher = { channelId: Hex; epoch: number; settledFee: bigint; cumulativeFee: bigint; receiptsRoot: Hex; receiptCount: number; signature: Hex };
export type Parties = { node: Hex; modelOwners: Hex[]; contributors: Hex[] };
type Book = Record<'InferenceEscrow' | 'AttributionSettlement' | 'ProtocolParameters' | 'OpenTimelock' | 'StakerRewards' | 'BaselineVault', Hex>;

const BURN: Hex = '0x000000000000000000000000000000000000dEaD';
const abi = parseAbi([
  'event Paid(uint40 indexed nodeId, uint40 indexed asset, address indexed payee, uint96 amount, uint96 cumulative)',
  'event BaselineTaken(uint40 indexed modelId, uint40 indexed asset, address indexed payee, uint96 amount, uint96 taken)',
  'function channel(bytes32) view returns ((address consumer, address signer, uint40, uint32, uint96, uint96, uint40))',
  'function currentVersion() view returns (uint32)',
  'function parameters(uint32) view',
]);
const fields = (list: string) => list.split(',').map((field) => ({ type: field.split(' ')[0], name: field.split(' ')[1] }));
const types = { Voucher: fields('bytes32 channelId,uint32 epoch,uint96 settledFee,uint96 cumulativeFee,bytes32 receiptsRoot,uint32 receiptCount') };

export async function openLedger(rpcUrl: string, book: Book, { node, modelOwners, contributors }: Parties) {
  const chain = createPublicClient({ transport: http(rpcUrl), cacheTime: 0 });
  const all = [BURN, book.OpenTimelock, book.StakerRewards, book.BaselineVault, node, ...modelOwners, ...contributors];
  const balances = async () => new Map(await Promise.all(all.map(async (a) => [a, await chain.getBalance({ address: a })] as const)));
  const [before, first] = [await balances(), (await chain.getBlockNumber()) + 1n];
  const version = await chain.readContract({ abi, address: book.ProtocolParameters, functionName: 'currentVersion' });
  const { data } = await chain.call({ to: book.ProtocolParameters, data: encodeFunctionData({ abi, functionName: 'parameters', args: [version] }) });
  const bps = (word: number) => hexToBigInt(slice(data!, word * 32, word * 32 + 32)); // burn, treasury, node, stakers, model, contributors

  /** Returns what differs, as sentences; an empty list means that every wei is where it must be. */
  return async (vouchers: Voucher[]): Promise<string[]> => {
    const [after, last, wrong] = [await balances(), await chain.getBlockNumber(), [] as string[]];
    const domain = { name: 'OpenLedger', version: '1', chainId: await chain.getChainId(), verifyingContract: book.InferenceEscrow };
    let fees = 0n;
    for (const { signature, ...message } of vouchers) {
      const { signer } = await chain.readContract({ abi, address: book.InferenceEscrow, functionName: 'channel', args: [message.channelId] }).then(([consumer, signer]) => ({ consumer, signer }));
      const signed = await recoverTypedDataAddress({ domain, types, primaryType: 'Voucher', message, signature });
      if (signed !== signer) wrong.push(`voucher ${message.epoch} is signed by ${signed}, not by ${signer}`);
      fees += message.cumulativeFee - message.settledFee;
    }
    let gas = 0n; // what the node spent on its own transactions meanwhile
    for (let n = first; n <= last; n++)
      for (const { from, hash, value } of (await chain.getBlock({ blockNumber: n, includeTransactions: true })).transactions) {
        const { gasUsed, effectiveGasPrice } = await chain.getTransactionReceipt({ hash });
        if (from.toLowerCase() === node.toLowerCase()) gas += gasUsed * effectiveGasPrice + value;
      }
    const gained = (...accounts: Hex[]) => accounts.reduce((sum, a) => sum + after.get(a)! - before.get(a)!, 0n);
    const expect = (who: string, got: bigint, want: bigint) => got === want || wrong.push(`${who}: got ${got} wei, must be ${want}`);
    const share = (word: number) => (fees * bps(word)) / 10_000n;
    expect('burn', gained(BURN), share(0));
    expect('treasury', gained(book.OpenTimelock), share(1));
    expect('node', gained(node) + gas, share(2));
    expect('stakers', gained(book.StakerRewards), share(3));
    expect('model owners', gained(...modelOwners), share(4));
    expect('contributors and baseline', gained(...contributors, book.BaselineVault), share(5));
    const paid = await chain.getContractEvents({ abi, address: [book.AttributionSettlement, book.BaselineVault], fromBlock: first });
    const paidTo = (a: Hex) => paid.reduce((sum, { args }) => (args.payee === a ? sum + args.amount! : sum), 0n);
    for (const a of contributors) expect(`contributor ${a}`, gained(a), paidTo(a));
    return wrong;
  };
}
