import {
  authCaptureEscrowAbi,
  governanceOpenAbi,
  inferenceEscrowAbi,
  paymentInboxAbi,
  paymentInboxesAbi,
} from '@openledger/sdk/abis';
import type { Abi, Account, Address, Hex } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import { confirmed, revertOf } from '../chain/transact.ts';
import { NodeError } from '../errors.ts';
import { type KeyLock, WALLET_KEY } from '../ledger/key-lock.ts';
import { type Held, HOLD_ESCROW, infoOf, paymentHash } from './hold.ts';

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
  /** Whether the chain has the contracts that metered payments are held in. */
  canHold: boolean;
  /** Whether the chain would hold a payment now; rejects with the reason. */
  tryHold(payment: Held, signature: Hex, channelNonce: Hex): Promise<unknown>;
  /** Places a hold and opens its channel; the transaction's hash once it is in a block. */
  hold(payment: Held, signature: Hex, channelNonce: Hex): Promise<Hex>;
  /** What is left of a hold, in wei. */
  leftOf(payment: Held): Promise<bigint>;
  /** The transaction that placed a channel's hold. */
  heldBy(consumer: Address, channelId: Hex): Promise<Hex | undefined>;
  /** Takes `value` from a hold into its channel, and gives the rest back. */
  capture(payment: Held, value: bigint, channelNonce: Hex): Promise<Hex>;
  /** Gives a whole hold back. */
  release(payment: Held): Promise<Hex>;
};

type Call =
  | { functionName: 'open'; args: readonly [Payment, Hex] }
  | { functionName: 'hold'; args: readonly [Held, Hex, Hex] }
  | { functionName: 'capture'; args: readonly [Held, bigint, Hex] }
  | { functionName: 'release'; args: readonly [Held] };

/** Any of these calls: the library's types take one function at a time. */
type Request = {
  address: Address;
  abi: Abi;
  account: Account;
  functionName: string;
  args: readonly unknown[];
};

/** A call that waits for the wallet. */
type Waiting = { call: Call; resolve(hash: Hex): void; reject(error: unknown): void };

// Reasons of the contracts behind the inbox come through it.
const errors = [...authCaptureEscrowAbi, ...governanceOpenAbi].filter((item) => item.type === 'error');
const abi = [...paymentInboxAbi, ...errors] as const;

/** How many payments are sent before the first is waited for. */
const BATCH = 32;

export type InboxDeps = { chain: Chain; wallet: ChainWallet; nodeId: number; locks: KeyLock };

/** Finds the node's inbox; sends nothing yet. */
export async function openInbox({ chain, wallet, nodeId, locks }: InboxDeps): Promise<Inbox> {
  const { client, contracts } = chain;
  const factory = { address: contracts.PaymentInboxes, abi: paymentInboxesAbi } as const;
  const address = await client.readContract({ ...factory, functionName: 'inboxOf', args: [nodeId] });
  const inbox = { address, abi: paymentInboxAbi } as const;
  const mine = { address, abi, account: wallet.account } as const;
  const escrowOfHolds = { address: HOLD_ESCROW.escrow, abi: authCaptureEscrowAbi } as const;
  const placed = await Promise.all(
    [HOLD_ESCROW.escrow, HOLD_ESCROW.eip3009Collector].map((at) => client.getCode({ address: at })),
  );
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

  function submit(call: Call): Promise<Hex> {
    return new Promise((resolve, reject) => {
      waiting.push({ call, resolve, reject });
      if (!draining) void drain();
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

  async function send({ call }: Waiting): Promise<Hex> {
    const request: Request = { ...mine, ...call };
    try {
      const estimate = await client.estimateContractGas(request);
      // In a block of its own it writes checkpoints of gOPEN's supply that another payment would have written.
      return await wallet.writeContract({ ...request, gas: (estimate * 3n) / 2n });
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
    open: (payment, channelNonce) => submit({ functionName: 'open', args: [payment, channelNonce] }),
    async openedBy(consumer, nonce) {
      const [log] = await client.getContractEvents({
        ...inbox,
        eventName: 'PaymentOpened',
        args: { consumer, nonce },
        fromBlock: chain.startBlock,
      });
      return log?.transactionHash;
    },
    canHold: placed.every((code) => code !== undefined),
    tryHold: (payment, signature, channelNonce) =>
      client.simulateContract({ ...mine, functionName: 'hold', args: [payment, signature, channelNonce] }),
    hold: (payment, signature, channelNonce) =>
      submit({ functionName: 'hold', args: [payment, signature, channelNonce] }),
    async leftOf(payment) {
      const hash = paymentHash(chain.viemChain.id, infoOf(payment, address, contracts.GovernanceOpen));
      const args = [hash] as const;
      const [, left] = await client.readContract({ ...escrowOfHolds, functionName: 'paymentState', args });
      return left;
    },
    async heldBy(consumer, channelId) {
      const [log] = await client.getContractEvents({
        ...inbox,
        eventName: 'PaymentHeld',
        args: { consumer, channelId },
        fromBlock: chain.startBlock,
      });
      return log?.transactionHash;
    },
    capture: (payment, value, channelNonce) =>
      submit({ functionName: 'capture', args: [payment, value, channelNonce] }),
    release: (payment) => submit({ functionName: 'release', args: [payment] }),
  };
}
