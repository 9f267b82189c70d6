/**
 * Every hash of docs/formats.md, written down as the document says it and as slowly as that. Nothing here is
 * shared with ts/sdk or src/: agreement of the three is what the golden vectors are for.
 */
import { encodeAbiParameters, encodePacked, type Hex, keccak256, stringToHex } from 'viem';

const pack = (types: string[], values: unknown[]): Hex => encodePacked(types as never, values as never);
const hash = (types: string[], values: unknown[]): Hex => keccak256(pack(types, values));
const abiHash = (types: string[], values: unknown[]): Hex =>
  keccak256(encodeAbiParameters(types.map((type) => ({ type })) as never, values as never));

export type R = {
  channelId: Hex;
  epoch: number;
  position: number;
  modelId: number;
  tokensIn: number;
  tokensOut: number;
  fee: bigint;
  servedAt: number;
  flags: number;
  requestHash: Hex;
  outputRoot: Hex;
  outputLength: number;
  contextRoot: Hex;
};
export type I = { asset: number; kind: number; score: bigint; amount: bigint; evidence: Hex };
export type V = {
  channelId: Hex;
  epoch: number;
  settledFee: bigint;
  cumulativeFee: bigint;
  receiptsRoot: Hex;
  receiptCount: number;
};
export type C = {
  nodeId: number;
  seq: number;
  parent: Hex;
  fromBatch: number;
  toBatch: number;
  firstReceipt: number;
  receiptCount: number;
  fees: bigint;
  payoutsRoot: Hex;
  payoutsTotal: bigint;
  payoutsDepth: number;
  attributionsRoot: Hex;
  dataCommitment: Hex;
  paramsVersion: number;
  proposer: number;
};

export const receiptPreimage = (r: R): Hex =>
  pack(
    [
      'bytes32',
      'uint32',
      'uint32',
      'uint40',
      'uint32',
      'uint32',
      'uint96',
      'uint40',
      'uint8',
      'bytes32',
      'bytes32',
      'uint32',
      'bytes32',
    ],
    [
      r.channelId,
      r.epoch,
      r.position,
      r.modelId,
      r.tokensIn,
      r.tokensOut,
      r.fee,
      r.servedAt,
      r.flags,
      r.requestHash,
      r.outputRoot,
      r.outputLength,
      r.contextRoot,
    ],
  );
export const receiptHash = (r: R): Hex => hash(['bytes1', 'bytes'], ['0x10', receiptPreimage(r)]);

export const voucherLeaf = (v: {
  channelId: Hex;
  epoch: number;
  receiptsRoot: Hex;
  receiptCount: number;
  fee: bigint;
  firstReceipt: number;
}): Hex =>
  hash(
    ['bytes1', 'bytes32', 'uint32', 'bytes32', 'uint32', 'uint96', 'uint40'],
    ['0x11', v.channelId, v.epoch, v.receiptsRoot, v.receiptCount, v.fee, v.firstReceipt],
  );

export const domainSeparator = (chainId: bigint, contract: Hex): Hex =>
  abiHash(
    ['bytes32', 'bytes32', 'bytes32', 'uint256', 'address'],
    [
      keccak256(
        stringToHex('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'),
      ),
      keccak256(stringToHex('OpenLedger')),
      keccak256(stringToHex('1')),
      chainId,
      contract,
    ],
  );
const digest = (chainId: bigint, contract: Hex, structHash: Hex): Hex =>
  hash(['bytes2', 'bytes32', 'bytes32'], ['0x1901', domainSeparator(chainId, contract), structHash]);
export const voucherHash = (v: V): Hex =>
  abiHash(
    ['bytes32', 'bytes32', 'uint32', 'uint96', 'uint96', 'bytes32', 'uint32'],
    [
      keccak256(
        stringToHex(
          'Voucher(bytes32 channelId,uint32 epoch,uint96 settledFee,uint96 cumulativeFee,bytes32 receiptsRoot,uint32 receiptCount)',
        ),
      ),
      v.channelId,
      v.epoch,
      v.settledFee,
      v.cumulativeFee,
      v.receiptsRoot,
      v.receiptCount,
    ],
  );
export const voucherDigest = (chainId: bigint, escrow: Hex, v: V): Hex =>
  digest(chainId, escrow, voucherHash(v));
export const acceptedDigest = (chainId: bigint, escrow: Hex, voucherHash: Hex, receiptsRoot: Hex): Hex =>
  digest(
    chainId,
    escrow,
    abiHash(
      ['bytes32', 'bytes32', 'bytes32'],
      [
        keccak256(stringToHex('VoucherAccepted(bytes32 voucherHash,bytes32 receiptsRoot)')),
        voucherHash,
        receiptsRoot,
      ],
    ),
  );
export const noticeDigest = (
  chainId: bigint,
  settlement: Hex,
  nodeId: number,
  receipt: Hex,
  evidence: Hex,
): Hex =>
  digest(
    chainId,
    settlement,
    abiHash(
      ['bytes32', 'uint40', 'bytes32', 'bytes32'],
      [
        keccak256(stringToHex('AttributionNotice(uint40 nodeId,bytes32 receiptHash,bytes32 evidenceHash)')),
        nodeId,
        receipt,
        evidence,
      ],
    ),
  );
export const issuedDigest = (chainId: bigint, settlement: Hex, nodeId: number, receipt: Hex): Hex =>
  digest(
    chainId,
    settlement,
    abiHash(
      ['bytes32', 'uint40', 'bytes32'],
      [keccak256(stringToHex('ReceiptIssued(uint40 nodeId,bytes32 receiptHash)')), nodeId, receipt],
    ),
  );
export const channelId = (chainId: bigint, escrow: Hex, consumer: Hex, nodeId: number, nonce: Hex): Hex =>
  abiHash(['uint256', 'address', 'address', 'uint40', 'bytes32'], [chainId, escrow, consumer, nodeId, nonce]);

export const itemsBytes = (items: I[]): Hex =>
  items.length === 0
    ? '0x'
    : pack(
        items.flatMap(() => ['uint40', 'uint8', 'int64', 'uint96', 'bytes14']),
        items.flatMap((i) => [i.asset, i.kind, i.score, i.amount, i.evidence]),
      );
export const spanEvidence = (outOff: number, srcOff: number, len: number): Hex =>
  pack(['uint32', 'uint40', 'uint16', 'bytes3'], [outOff, srcOff, len, '0x000000']);
export const attributionHash = (
  receipt: Hex,
  modelId: number,
  fee: bigint,
  queryHash: Hex,
  items: I[],
): Hex =>
  hash(
    ['bytes1', 'bytes32', 'uint40', 'uint96', 'bytes32', 'bytes'],
    ['0x12', receipt, modelId, fee, queryHash, itemsBytes(items)],
  );
export const attributionLeaf = (attribution: Hex, creditIndex: number[]): Hex =>
  hash(['bytes1', 'bytes32', ...creditIndex.map(() => 'uint32')], ['0x13', attribution, ...creditIndex]);
export const creditLeaf = (receiptNumber: number, item: number, amount: bigint): Hex =>
  hash(['bytes1', 'uint40', 'uint8', 'uint96'], ['0x14', receiptNumber, item, amount]);
export const payoutLeaf = (
  asset: number,
  seq: number,
  cumulative: bigint,
  delta: bigint,
  creditsHash: Hex,
  creditsDepth: number,
): Hex =>
  hash(
    ['bytes1', 'uint40', 'uint32', 'uint96', 'uint96', 'bytes32', 'uint8'],
    ['0x15', asset, seq, cumulative, delta, creditsHash, creditsDepth],
  );
/** Two entries to a byte: entry i below, entry i + half above. */
export const nibbles = (a: number[]): Hex => {
  const digit = (value: number) => (value & 15).toString(16);
  const half = a.length / 2;
  return `0x${a
    .slice(0, half)
    .map((value, i) => digit(a[half + i]!) + digit(value))
    .join('')}`;
};
export const int8s = (a: number[]): Hex =>
  pack(
    a.map(() => 'int8'),
    a,
  );
export const sketchLeaf = (asset: number, sigma: number, a: number[], rowsSketchRoot: Hex): Hex =>
  hash(
    ['bytes1', 'uint40', 'uint32', 'bytes', 'bytes32'],
    ['0x16', asset, sigma, nibbles(a), rowsSketchRoot],
  );
export const rowSketchLeaf = (row: number, sigma: number, a: number[]): Hex =>
  hash(['bytes1', 'uint32', 'uint32', 'bytes'], ['0x1a', row, sigma, nibbles(a)]);
export const baselineLeaf = (asset: number, parts: number): Hex =>
  hash(['bytes1', 'uint40', 'uint32'], ['0x17', asset, parts]);
export const corpusLeaf = (asset: number, contentRoot: Hex, byteLength: number): Hex =>
  hash(['bytes1', 'uint40', 'bytes32', 'uint40'], ['0x18', asset, contentRoot, byteLength]);
export const evidenceHash = (receipt: Hex, queryHash: Hex, items: I[]): Hex => {
  const evidence = items.filter((i) => i.kind === 0 || i.kind === 1 || i.kind === 2);
  return hash(
    ['bytes1', 'bytes32', 'bytes32', ...evidence.flatMap(() => ['uint40', 'uint8', 'int64', 'bytes14'])],
    ['0x19', receipt, queryHash, ...evidence.flatMap((i) => [i.asset, i.kind, i.score, i.evidence])],
  );
};
export const contentWord = (word: Hex): Hex => hash(['bytes1', 'bytes32'], ['0x20', word]);
export const outputWord = (salt: Hex, index: number, word: Hex): Hex =>
  hash(['bytes1', 'bytes32', 'bytes32'], ['0x21', hash(['bytes32', 'uint32'], [salt, index]), word]);
export const row = (index: number, byteOffset: number, bytes: Hex): Hex =>
  hash(
    ['bytes1', 'uint32', 'uint40', 'uint32', 'bytes32'],
    ['0x22', index, byteOffset, (bytes.length - 2) / 2, keccak256(bytes)],
  );
export const contextRow = (asset: number, rowIndex: number, score: bigint, bytes: Hex): Hex =>
  hash(
    ['bytes1', 'uint40', 'uint32', 'int64', 'bytes32'],
    ['0x23', asset, rowIndex, score, keccak256(bytes)],
  );
export const requestHash = (salt: Hex, request: Hex): Hex => hash(['bytes32', 'bytes'], [salt, request]);
export const stepRecord = (step: number, batchHash: Hex, lossBits: number, weightsHash: Hex): Hex =>
  hash(
    ['bytes1', 'uint32', 'bytes32', 'uint32', 'bytes32'],
    ['0x30', step, batchHash, lossBits, weightsHash],
  );
export const runInput = (datanet: number, asset: number, weight: number): Hex =>
  hash(['bytes1', 'uint40', 'uint40', 'uint32'], ['0x31', datanet, asset, weight]);
export const datanetVersion = (version: Hex, op: number, asset: number): Hex =>
  hash(['bytes1', 'bytes32', 'uint8', 'uint40'], ['0x32', version, op, asset]);

export const claimDomain = (chainId: bigint, settlement: Hex): Hex =>
  abiHash(['string', 'uint256', 'address'], ['OpenLedger.Claim.1', chainId, settlement]);
export const CLAIM_FIELDS = [
  ['uint40', 'nodeId'],
  ['uint32', 'seq'],
  ['bytes32', 'parent'],
  ['uint32', 'fromBatch'],
  ['uint32', 'toBatch'],
  ['uint40', 'firstReceipt'],
  ['uint32', 'receiptCount'],
  ['uint96', 'fees'],
  ['bytes32', 'payoutsRoot'],
  ['uint96', 'payoutsTotal'],
  ['uint8', 'payoutsDepth'],
  ['bytes32', 'attributionsRoot'],
  ['bytes32', 'dataCommitment'],
  ['uint32', 'paramsVersion'],
  ['uint40', 'proposer'],
] as const;
export const claimId = (chainId: bigint, settlement: Hex, c: C): Hex =>
  abiHash(
    ['bytes32', ...CLAIM_FIELDS.map(([type]) => type)],
    [claimDomain(chainId, settlement), ...CLAIM_FIELDS.map(([, name]) => c[name])],
  );
export const dataCommitment = (scheme: number, claimData: Hex, locator: Hex): Hex =>
  hash(['uint8', 'bytes32', 'bytes32'], [scheme, keccak256(claimData), keccak256(locator)]);

export type Opened = {
  receipt: R;
  items: I[];
  queryHash: Hex;
  open?: { a: number[]; salt: Hex; request: Hex; output: Hex };
};
export const claimData = (receipts: Opened[]): Hex =>
  pack(
    ['bytes1', ...receipts.map(() => 'bytes')],
    [
      '0x02',
      ...receipts.map(({ receipt, items, queryHash, open }) => {
        const head = pack(
          ['bytes', 'uint8', 'bytes', 'bytes32'],
          [receiptPreimage(receipt), items.length, itemsBytes(items), queryHash],
        );
        if ((receipt.flags & 1) === 0) return head;
        const { a, salt, request, output } = open!;
        return pack(
          ['bytes', 'bytes', 'bytes32', 'uint32', 'bytes', 'bytes'],
          [head, int8s(a), salt, (request.length - 2) / 2, request, output],
        );
      }),
    ],
  );
