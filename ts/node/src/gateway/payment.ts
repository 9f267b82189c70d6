import type { SigningDomain } from '@openledger/sdk/protocol/vouchers';
import { type Hex, isAddressEqual } from 'viem';
import { NodeError } from '../errors.ts';
import type { NodeSigner } from '../identity/signer.ts';
import { type ChainChannel, checkVoucher, unsignedReceipts, voucherFor } from '../ledger/channel.ts';
import { MAX_CLAIM_BYTES } from '../ledger/claim-size.ts';
import { type LedgerEntry, type ReceiptEntry, redemptionOf, type StoredVoucher } from '../ledger/entries.ts';
import type { KeyLock } from '../ledger/key-lock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { otherChannel, requireNothingUnsigned } from './call-rules.ts';
import type { PaymentBody } from './openai.ts';
import type { Prepaid } from './plan.ts';

export type PaymentDeps = {
  ledger: Ledger;
  locks: KeyLock;
  signer: NodeSigner;
  /** Domain of vouchers: the escrow. */
  escrow: SigningDomain;
  /** The chain's view of a channel, fresh enough to serve on. */
  readChannel(channelId: Hex): Promise<ChainChannel>;
  /** Seconds since 1970. */
  now(): number;
};

/** How calls are paid: on a channel whose consumer signs vouchers, or before they are answered ({@link Prepaid}). */
export type CallPayment = {
  /** Marks the channel as in use, so that two calls never count on the same deposit; frees it when called. */
  occupy(channelId: Hex): () => void;
  /** The channel of a call, once it was found fit to be served on. Accepts the voucher that came with the call. */
  admit(payment: PaymentBody): Promise<ChainChannel>;
  isBusy(channelId: Hex): boolean;
  acceptVoucher(voucher: StoredVoucher): Promise<'new' | 'known'>;
  /** Says that the next call on this channel is prepaid, until the function that it returns is called. */
  prepay(channelId: Hex, prepaid: Prepaid): () => void;
  prepaidOn(channelId: Hex): Prepaid | undefined;
  /**
   * Begins the channel's next epoch when the running one, which is all signed, has no room for a receipt that takes so
   * many bytes of claimData: an epoch is settled whole, and a claim must fit into a transaction.
   */
  makeRoom(channelId: Hex, bytes: number): Promise<void>;
  /** The node's voucher up to the receipt of a prepaid call; nothing where the consumer signs. */
  ownVoucher(prepaid: Prepaid | undefined, entry: ReceiptEntry): Promise<LedgerEntry[]>;
};

/** Payment of calls, on the ledger and the chain. */
export function createCallPayment(deps: PaymentDeps): CallPayment {
  const inFlight = new Set<Hex>();
  const prepaidCalls = new Map<Hex, Prepaid>();

  function occupy(channelId: Hex): () => void {
    if (inFlight.has(channelId)) {
      throw new NodeError(
        'busy',
        'This channel has a call in progress.',
        'Wait for its last chunk, or open another channel for parallel calls.',
      );
    }
    inFlight.add(channelId);
    return () => void inFlight.delete(channelId);
  }

  async function admit({ channelId, voucher }: PaymentBody): Promise<ChainChannel> {
    const chain = await deps.readChannel(channelId);
    if (chain.nodeId !== deps.signer.nodeId) {
      throw new NodeError(
        'channel_unknown',
        `Channel ${channelId} is not a channel with this node.`,
        `Open one with InferenceEscrow.openChannel for node ${deps.signer.nodeId}.`,
      );
    }
    if (isAddressEqual(chain.signer, deps.signer.address)) {
      throw new NodeError(
        'not_allowed',
        'The node itself signs for this channel: it was opened for a call, and is for that call alone.',
        'Send the payment with the request, or open a channel of your own.',
      );
    }
    if (chain.exitAt !== 0) {
      throw new NodeError('channel_closing', 'The channel is being closed.', 'Open a new channel.');
    }
    if (voucher !== undefined) {
      if (voucher.channelId !== channelId) throw otherChannel();
      await acceptVoucher(voucher);
    }
    requireNothingUnsigned(deps.ledger.channel(channelId));
    return chain;
  }

  async function acceptVoucher(voucher: StoredVoucher): Promise<'new' | 'known'> {
    const chain = await deps.readChannel(voucher.channelId);
    return deps.locks.run(voucher.channelId, async () => {
      const state = deps.ledger.channel(voucher.channelId);
      const result = await checkVoucher({ domain: deps.escrow, state, chain, voucher });
      if (result === 'new') await deps.ledger.append({ type: 'voucher', voucher, at: deps.now() });
      return result;
    });
  }

  function prepay(channelId: Hex, prepaid: Prepaid): () => void {
    prepaidCalls.set(channelId, prepaid);
    return () => void prepaidCalls.delete(channelId);
  }

  async function makeRoom(channelId: Hex, bytes: number): Promise<void> {
    const current = deps.ledger.channel(channelId)?.current;
    if (current?.voucher === undefined || unsignedReceipts(current).length > 0) return;
    if (current.claimBytes + bytes <= MAX_CLAIM_BYTES) return;
    await deps.ledger.append(redemptionOf(current.voucher, deps.now()));
  }

  async function ownVoucher(prepaid: Prepaid | undefined, entry: ReceiptEntry): Promise<LedgerEntry[]> {
    if (prepaid === undefined) return [];
    const { channelId, epoch } = entry.receipt;
    const receipts = [...(deps.ledger.channel(channelId)?.current?.receipts ?? []), entry];
    const { settledFee } = entry;
    const voucher = voucherFor(channelId, { epoch, settledFee, receipts, voucher: undefined });
    const signature = await prepaid.sign(voucher);
    return [{ type: 'voucher', voucher: { ...voucher, signature }, at: deps.now() }];
  }

  return {
    occupy,
    admit,
    isBusy: (channelId) => inFlight.has(channelId),
    acceptVoucher,
    prepay,
    makeRoom,
    prepaidOn: (channelId) => prepaidCalls.get(channelId),
    ownVoucher,
  };
}
