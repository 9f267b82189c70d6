import { encodeAbiParameters, type Hex, hashTypedData, recoverTypedDataAddress } from 'viem';
import { concat, fixed, keccak, taggedHash, uint } from './bytes.ts';
import { type PlainTree, plainTree } from './trees.ts';

/** A consumer's promise for one epoch of a channel. */
export type Voucher = {
  channelId: Hex;
  epoch: number;
  /** What the channel had settled before this epoch. */
  settledFee: bigint;
  /** What it owes in all after it. */
  cumulativeFee: bigint;
  receiptsRoot: Hex;
  receiptCount: number;
};

/** A voucher with the consumer's signature and the node's acceptance (empty when the node itself redeems). */
export type SignedVoucher = Voucher & { signature: Hex; acceptance: Hex };

/** A voucher as a batch of a node keeps it. */
export type VoucherRecord = {
  channelId: Hex;
  epoch: number;
  receiptsRoot: Hex;
  receiptCount: number;
  fee: bigint;
  /** Number of its first receipt in the node's life. */
  firstReceipt: number;
};

/** Where a signature holds: the escrow for vouchers, the settlement for notices and receipts. */
export type SigningDomain = { chainId: number; verifyingContract: Hex };

/** EIP-712 types of everything that the protocol signs. */
export const PROTOCOL_TYPES = {
  Voucher: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'epoch', type: 'uint32' },
    { name: 'settledFee', type: 'uint96' },
    { name: 'cumulativeFee', type: 'uint96' },
    { name: 'receiptsRoot', type: 'bytes32' },
    { name: 'receiptCount', type: 'uint32' },
  ],
  VoucherAccepted: [
    { name: 'voucherHash', type: 'bytes32' },
    { name: 'receiptsRoot', type: 'bytes32' },
  ],
  AttributionNotice: [
    { name: 'nodeId', type: 'uint40' },
    { name: 'receiptHash', type: 'bytes32' },
    { name: 'evidenceHash', type: 'bytes32' },
  ],
  ReceiptIssued: [
    { name: 'nodeId', type: 'uint40' },
    { name: 'receiptHash', type: 'bytes32' },
  ],
  DataHeld: [{ name: 'claimId', type: 'bytes32' }],
} as const;

/** The EIP-712 domain that all OpenLedger signatures share but for chain and contract. */
export function signingDomain(domain: SigningDomain) {
  return { name: 'OpenLedger', version: '1', ...domain } as const;
}

/** Typed data of a voucher, for `account.signTypedData`. Domain: the escrow. */
export function voucherTypedData(domain: SigningDomain, voucher: Voucher) {
  const { channelId, epoch, settledFee, cumulativeFee, receiptsRoot, receiptCount } = voucher;
  return {
    domain: signingDomain(domain),
    types: { Voucher: PROTOCOL_TYPES.Voucher },
    primaryType: 'Voucher',
    message: { channelId, epoch, settledFee, cumulativeFee, receiptsRoot, receiptCount },
  } as const;
}

/** Typed data of a node's acceptance of a voucher. Domain: the escrow. */
export function voucherAcceptedTypedData(domain: SigningDomain, voucher: Voucher) {
  return {
    domain: signingDomain(domain),
    types: { VoucherAccepted: PROTOCOL_TYPES.VoucherAccepted },
    primaryType: 'VoucherAccepted',
    message: { voucherHash: voucherDigest(domain, voucher), receiptsRoot: voucher.receiptsRoot },
  } as const;
}

/** Typed data of what the node shows its user about an answer. Domain: the settlement. */
export function noticeTypedData(domain: SigningDomain, nodeId: number, receiptHash: Hex, evidenceHash: Hex) {
  return {
    domain: signingDomain(domain),
    types: { AttributionNotice: PROTOCOL_TYPES.AttributionNotice },
    primaryType: 'AttributionNotice',
    message: { nodeId, receiptHash, evidenceHash },
  } as const;
}

/** Typed data of a receipt that a node issues. Domain: the settlement. */
export function receiptIssuedTypedData(domain: SigningDomain, nodeId: number, receiptHash: Hex) {
  return {
    domain: signingDomain(domain),
    types: { ReceiptIssued: PROTOCOL_TYPES.ReceiptIssued },
    primaryType: 'ReceiptIssued',
    message: { nodeId, receiptHash },
  } as const;
}

/** Typed data of a validator's word that it holds a claim's data and rebuilt its roots. Domain: the settlement. */
export function dataHeldTypedData(domain: SigningDomain, claimId: Hex) {
  return {
    domain: signingDomain(domain),
    types: { DataHeld: PROTOCOL_TYPES.DataHeld },
    primaryType: 'DataHeld',
    message: { claimId },
  } as const;
}

/** EIP-712 digest of a voucher: what the channel's signer signs and what an acceptance names. */
export function voucherDigest(domain: SigningDomain, voucher: Voucher): Hex {
  return hashTypedData(voucherTypedData(domain, voucher));
}

/** EIP-712 digest that the node's agent wallet signs to accept a voucher. */
export function acceptanceDigest(domain: SigningDomain, voucher: Voucher): Hex {
  return hashTypedData(voucherAcceptedTypedData(domain, voucher));
}

/** Who signed a voucher. */
export function recoverVoucherSigner(domain: SigningDomain, voucher: Voucher, signature: Hex): Promise<Hex> {
  return recoverTypedDataAddress({ ...voucherTypedData(domain, voucher), signature });
}

/** Who issued a receipt. */
export function recoverReceiptIssuer(
  domain: SigningDomain,
  nodeId: number,
  receiptHash: Hex,
  signature: Hex,
): Promise<Hex> {
  return recoverTypedDataAddress({ ...receiptIssuedTypedData(domain, nodeId, receiptHash), signature });
}

/** Id of a consumer's channel with a node. */
export function channelId(channel: {
  chainId: number;
  escrow: Hex;
  consumer: Hex;
  nodeId: number;
  nonce: Hex;
}): Hex {
  return keccak(
    encodeAbiParameters(
      [
        { type: 'uint256' },
        { type: 'address' },
        { type: 'address' },
        { type: 'uint40' },
        { type: 'bytes32' },
      ],
      [BigInt(channel.chainId), channel.escrow, channel.consumer, channel.nodeId, channel.nonce],
    ),
  );
}

/** What a voucher's leaf hashes, without the tag. */
export function encodeVoucherRecord(voucher: VoucherRecord): Uint8Array<ArrayBuffer> {
  return concat(
    fixed(voucher.channelId, 32, 'channelId'),
    uint(voucher.epoch, 4, 'epoch'),
    fixed(voucher.receiptsRoot, 32, 'receiptsRoot'),
    uint(voucher.receiptCount, 4, 'receiptCount'),
    uint(voucher.fee, 12, 'fee'),
    uint(voucher.firstReceipt, 5, 'firstReceipt'),
  );
}

/** Leaf of a voucher in its batch's vouchers tree. */
export function hashVoucherLeaf(voucher: VoucherRecord): Hex {
  return taggedHash(0x11, encodeVoucherRecord(voucher));
}

/** Plain tree over the vouchers of one batch, in calldata order. */
export function vouchersTree(vouchers: readonly VoucherRecord[]): PlainTree {
  return plainTree(vouchers.map(hashVoucherLeaf));
}
