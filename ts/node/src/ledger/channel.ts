import { receiptsTree } from '@openledger/sdk/protocol/receipts';
import { sumRoot } from '@openledger/sdk/protocol/trees';
import { recoverVoucherSigner, type SigningDomain, voucherDigest } from '@openledger/sdk/protocol/vouchers';
import { type Hex, isAddressEqual } from 'viem';
import { describe, NodeError } from '../errors.ts';
import type { ReceiptEntry, StoredVoucher } from './entries.ts';

/** What the chain says of a channel. */
export type ChainChannel = {
  consumer: Hex;
  signer: Hex;
  nodeId: number;
  epoch: number;
  deposit: bigint;
  settled: bigint;
  exitAt: number;
  /** When another key takes the signer's place; 0: none does. */
  signerAt: number;
};

/** The part of a receipt's entry that vouchers and channels need; it has the same size for every answer. */
export type ReceiptHead = Pick<ReceiptEntry, 'receipt' | 'hash' | 'nodeSignature'>;

/** The running voucher period of a channel as the node keeps it. */
export type EpochState = {
  epoch: number;
  settledFee: bigint;
  receipts: ReceiptHead[];
  /** The last voucher; it covers the first `voucher.receiptCount` receipts. */
  voucher: StoredVoucher | undefined;
  /** At most so many bytes of claimData disclose these receipts. */
  claimBytes: number;
};

/** A voucher period that a redemption closed: what is left in memory of it. */
export type SealedEpoch = {
  epoch: number;
  voucher: StoredVoucher;
  /** Hashes; receipts beyond `voucher.receiptCount` were never paid. */
  receipts: Hex[];
  claimBytes: number;
};

/** A channel as the node keeps it: the running epoch, and those that are on their way to the chain or there. */
export type ChannelState = {
  channelId: Hex;
  current: EpochState | undefined;
  sealed: SealedEpoch[];
  defaulted: boolean;
};

/** Receipts that no voucher covers yet. One at most, because the next call is refused until it is signed. */
export function unsignedReceipts(epoch: EpochState | undefined): ReceiptHead[] {
  return epoch === undefined ? [] : epoch.receipts.slice(epoch.voucher?.receiptCount ?? 0);
}

/** Fees of an epoch's receipts. */
export function feesOf(receipts: readonly ReceiptHead[]): bigint {
  return receipts.reduce((sum, { receipt }) => sum + receipt.fee, 0n);
}

/** The voucher that the consumer has to sign to cover every receipt of the epoch. */
export function voucherFor(
  channelId: Hex,
  epoch: Omit<EpochState, 'claimBytes'>,
): Omit<StoredVoucher, 'signature'> {
  const root = sumRoot(receiptsTree(epoch.receipts.map(({ receipt }) => receipt)));
  return {
    channelId,
    epoch: epoch.epoch,
    settledFee: epoch.settledFee,
    cumulativeFee: epoch.settledFee + root.sum,
    receiptsRoot: root.hash,
    receiptCount: epoch.receipts.length,
  };
}

/** Where the next receipt goes: the running epoch, or the one that follows what was sealed or settled. */
export function nextPlace(state: ChannelState | undefined, chain: ChainChannel) {
  const current = state?.current;
  if (current !== undefined) {
    return { epoch: current.epoch, position: current.receipts.length, settledFee: current.settledFee };
  }
  const sealed = state?.sealed.at(-1);
  if (sealed !== undefined && sealed.epoch >= chain.epoch) {
    return { epoch: sealed.epoch + 1, position: 0, settledFee: sealed.voucher.cumulativeFee };
  }
  return { epoch: chain.epoch, position: 0, settledFee: chain.settled };
}

/**
 * Checks a voucher against the node's own receipts and the chain. Every field is determined by what the
 * node served, so the only questions are whether the consumer signed exactly that, and can pay it.
 */
export async function checkVoucher(options: {
  domain: SigningDomain;
  state: ChannelState | undefined;
  chain: ChainChannel;
  voucher: StoredVoucher;
}): Promise<'new' | 'known'> {
  const { domain, state, chain, voucher } = options;
  const epoch = [...(state?.sealed ?? []), state?.current].find((one) => one?.epoch === voucher.epoch);
  if (epoch === undefined || epoch.receipts.length === 0) {
    throw rejected(`there is no receipt in epoch ${voucher.epoch} of the channel`);
  }
  if (epoch.voucher !== undefined && voucherDigest(domain, epoch.voucher) === voucherDigest(domain, voucher))
    return 'known';
  if (state?.current === undefined || epoch !== state.current) {
    throw rejected(`epoch ${voucher.epoch} is already being settled`);
  }
  const expected = voucherFor(voucher.channelId, state.current);
  if (voucher.receiptCount !== expected.receiptCount) {
    throw rejected(`it counts ${voucher.receiptCount} receipts and the epoch has ${expected.receiptCount}`);
  }
  if (voucher.settledFee !== expected.settledFee) {
    throw rejected(`settledFee is ${voucher.settledFee} and should be ${expected.settledFee}`);
  }
  if (voucher.cumulativeFee !== expected.cumulativeFee) {
    throw rejected(
      `cumulativeFee is ${voucher.cumulativeFee} and the receipts add up to ${expected.cumulativeFee}`,
    );
  }
  if (voucher.receiptsRoot.toLowerCase() !== expected.receiptsRoot) {
    throw rejected('receiptsRoot is not the root of the receipts that were served');
  }
  if (voucher.cumulativeFee > chain.deposit) {
    throw rejected(`it promises ${voucher.cumulativeFee} wei and the channel holds ${chain.deposit}`);
  }
  const signer = await recoverVoucherSigner(domain, voucher, voucher.signature).catch((error: unknown) => {
    throw rejected(`its signature cannot be read (${describe(error)})`);
  });
  if (!isAddressEqual(signer, chain.signer)) {
    throw rejected(`it is signed by ${signer} and the channel's signer is ${chain.signer}`);
  }
  return 'new';
}

function rejected(why: string): NodeError {
  return new NodeError(
    'voucher_rejected',
    `The voucher is not acceptable: ${why}.`,
    'Read GET /v1/channels/<id>: it shows the receipts and the voucher to sign.',
  );
}
