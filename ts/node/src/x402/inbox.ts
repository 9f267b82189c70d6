import {
  governanceOpenAbi,
  inferenceEscrowAbi,
  paymentInboxAbi,
  paymentInboxesAbi,
} from '@openledger/sdk/abis';
import type { Address, Hex } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import { confirmed, revertOf } from '../chain/transact.ts';
import { NodeError } from '../errors.ts';
import { type KeyLock, WALLET_KEY } from '../ledger/key-lock.ts';

/** An ERC-3009 authorization of gOPEN, as a consumer signed it. Amount in wei, times in seconds. */
export type Payment = {
  consumer: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
  signature: Hex;
};

/** The node's inbox on the chain: where consumers make payments out to, and what turns them into channels. */
export type Inbox = {
  address: Address;
  /** Makes the inbox if the node has none yet. Before that its address must not be given out. */
  ensure(): Promise<void>;
  /** Whether the chain has seen the authorization: executed or cancelled. */
  isUsed(consumer: Address, nonce: Hex): Promise<boolean>;
  balance(consumer: Address): Promise<bigint>;
  channelId(consumer: Address, channelNonce: Hex): Promise<Hex>;
  /** Opens a channel with a payment; the transaction's hash once it is in a block. */
  open(payment: Payment, channelNonce: Hex): Promise<Hex>;
  /** The transaction that opened a channel. */
  openedBy(consumer: Address, nonce: Hex): Promise<Hex | undefined>;
};

type Waiting = {
  payment: Payment;
  channelNonce: Hex;
  resolve(hash: Hex): void;
  reject(error: unknown): void;
};

/** How many payments are sent before the first is waited for. */
const BATCH = 32;

export type InboxDeps = { chain: Chain; wallet: ChainWallet; nodeId: number; locks: KeyLock };

/** Finds the node's inbox; sends nothing yet. */
export async function openInbox({ chain, wallet, nodeId, locks }: InboxDeps): Promise<Inbox> {
  const { client, contracts } = chain;
  const factory = { address: contracts.PaymentInboxes, abi: paymentInboxesAbi } as const;
  const address = await client.readContract({ ...factory, functionName: 'inboxOf', args: [nodeId] });
  const inbox = { address, abi: paymentInboxAbi } as const;
  const token = { address: contracts.GovernanceOpen, abi: governanceOpenAbi } as const;
  const waiting: Waiting[] = [];
  let draining = false;
  let made: Promise<void> | undefined;

  async function make(): Promise<void> {
    if ((await client.getCode({ address })) !== undefined) return;
    await locks.run(WALLET_KEY, async () => {
      const hash = await wallet.writeContract({ ...factory, functionName: 'create', args: [nodeId] });
      await confirmed(chain, hash, 'making the inbox for payments');
    });
  }

  /** Payments that come together go into the same blocks: each is sent at once, and then all are waited for. */
  async function drain(): Promise<void> {
    draining = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      await locks.run(WALLET_KEY, async () => {
        const sent: Promise<void>[] = [];
        for (const one of batch) {
          try {
            const hash = await send(one);
            sent.push(mined(hash).then(() => one.resolve(hash), one.reject));
          } catch (error) {
            one.reject(error);
          }
        }
        await Promise.all(sent);
      });
    }
    draining = false;
  }

  async function send({ payment, channelNonce }: Waiting): Promise<Hex> {
    try {
      const args = [payment, channelNonce] as const;
      const call = { ...inbox, account: wallet.account, functionName: 'open', args } as const;
      const estimate = await client.estimateContractGas(call);
      // In a block of its own it writes checkpoints of gOPEN's supply that another payment would have written.
      return await wallet.writeContract({ ...call, gas: (estimate * 3n) / 2n });
    } catch (error) {
      const revert = revertOf(error);
      if (revert === undefined) throw error;
      throw new NodeError(
        'payment_required',
        `The chain refuses the payment: ${revert.name}.`,
        'Nothing was taken. Sign a new payment.',
        { cause: error },
      );
    }
  }

  async function mined(hash: Hex): Promise<void> {
    const { status } = await client.waitForTransactionReceipt({ hash, timeout: 120_000 });
    if (status === 'success') return;
    throw new NodeError(
      'payment_required',
      `The payment was not executed: transaction ${hash} was reverted.`,
      'Nothing was taken. Send the same request with the same payment again.',
    );
  }

  return {
    address,
    ensure() {
      made ??= make().catch((error: unknown) => {
        made = undefined;
        throw error;
      });
      return made;
    },
    isUsed: (consumer, nonce) =>
      client.readContract({ ...token, functionName: 'authorizationState', args: [consumer, nonce] }),
    balance: (consumer) => client.readContract({ ...token, functionName: 'balanceOf', args: [consumer] }),
    channelId: (consumer, channelNonce) =>
      client.readContract({
        address: contracts.InferenceEscrow,
        abi: inferenceEscrowAbi,
        functionName: 'channelIdOf',
        args: [consumer, nodeId, channelNonce],
      }),
    open: (payment, channelNonce) =>
      new Promise((resolve, reject) => {
        waiting.push({ payment, channelNonce, resolve, reject });
        if (!draining) void drain();
      }),
    async openedBy(consumer, nonce) {
      const [log] = await client.getContractEvents({
        ...inbox,
        eventName: 'PaymentOpened',
        args: { consumer, nonce },
        fromBlock: chain.startBlock,
      });
      return log?.transactionHash;
    },
  };
}
