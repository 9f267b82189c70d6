import { attributionSettlementAbi } from '@openledger/sdk/abis';
import { fromHex, utf8 } from '@openledger/sdk/protocol/bytes';
import { DATA_SCHEME } from '@openledger/sdk/protocol/claim-data';
import {
  type AttributedReceipt,
  type BatchRecord,
  buildClaim,
  nextBatch,
} from '@openledger/sdk/protocol/claims';
import { contextRowOf } from '@openledger/sdk/protocol/context';
import { parseLocator } from '@openledger/sdk/protocol/dump';
import type { ModelTerms } from '@openledger/sdk/protocol/parameters';
import { isPublic } from '@openledger/sdk/protocol/receipts';
import { fromInt8Bytes } from '@openledger/sdk/protocol/sketch';
import { formatEther, type Hex } from 'viem';
import type { AttributionQueue } from '../attribution/queue.ts';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import type { SettlementReader } from '../chain/settlement-reader.ts';
import type { SettlementState } from '../chain/settlement-state.ts';
import { confirmed } from '../chain/transact.ts';
import { loadSettled } from '../claims/settled-state.ts';
import { describe, NodeError } from '../errors.ts';
import type { SealedEpoch } from '../ledger/channel.ts';
import { MAX_CLAIM_BYTES, MAX_HELD_BYTES } from '../ledger/claim-size.ts';
import type { ReceiptEntry } from '../ledger/entries.ts';
import { WALLET_KEY } from '../ledger/key-lock.ts';
import type { BlobStore } from '../store/types.ts';
import type { DataHolders } from './data-holders.ts';
import { buildLargeClaim, type ClaimToPropose, type ClaimWork } from './large-claim.ts';
import { createSettlementTransactions } from './transactions.ts';
import { createVouchers, type VoucherDeps } from './vouchers.ts';

export type ProverDeps = Omit<VoucherDeps, 'escrow'> & {
  chain: Chain;
  wallet: ChainWallet;
  nodeId: number;
  reader: SettlementReader;
  state: SettlementState;
  store: BlobStore;
  attributions: Pick<AttributionQueue, 'ensure'>;
  /** Who holds the data of claims that are larger than `calldataMax`; without them a claim is as large as calldata can be. */
  holders?: DataHolders | undefined;
  calldataMax: number;
};

type OnChainNode = Awaited<ReturnType<SettlementState['node']>>;

/** What the next claim can cover. */
type Plan = {
  /** Redeemed earlier, of one parameters version. */
  batches: BatchRecord[];
  /** To be redeemed with it. */
  epochs: SealedEpoch[];
  version: number;
  /** Whether that is all that waits and may be claimed together. */
  isAll: boolean;
};

export type SettleResult =
  | { settled: true; claimId: Hex; transaction: Hex; receipts: number; fees: bigint; vouchers: number }
  | { settled: false; reason: string };

export type Prover = {
  /**
   * Redeems what was signed on channels whose consumers leave or change the signer, while the chain still pays it: a claim
   * may be open for longer. It is claimed with the next settlement. How many vouchers; call it again until there are none.
   */
  secure(): Promise<number>;
  /**
   * Redeems and proposes what can be: in one transaction if calldata can carry it; else in several, its data with
   * validators. Calls never overlap.
   */
  settle(): Promise<SettleResult>;
  /** Pays out what final claims released: the node's share, burn, treasury and stakers. */
  flush(): Promise<void>;
};

/** How long a settlement waits for attributions that are still being computed. */
const ATTRIBUTION_PATIENCE_MS = 240_000;

/**
 * How long validators may be away before a claim is made that calldata carries, as a part of the challenge window: such a
 * claim takes the whole window for few answers.
 */
const HELD_PATIENCE = 0.1;

/**
 * Settles what the node has earned. Nothing is remembered outside the journal and the chain: which vouchers are redeemed
 * and which claim is open is read from the chain every time, so a crash at any point is followed by the same decision
 * again, or by the next one.
 */
export function createProver(deps: ProverDeps): Prover {
  const { chain, ledger, log, nodeId, reader, state } = deps;
  const settlement = {
    address: chain.contracts.AttributionSettlement,
    abi: attributionSettlementAbi,
  } as const;
  const vouchers = createVouchers({ ...deps, escrow: chain.escrow });
  const transactions = createSettlementTransactions(deps);
  let last: Promise<unknown> = Promise.resolve();

  /** One transaction at a time: they share a nonce and a view of the chain. */
  function exclusively<T>(task: () => Promise<T>): Promise<T> {
    const run = last.then(task, task);
    last = run.catch(() => undefined);
    return run;
  }

  /** Sends from the wallet while nobody else does; what takes long is done before. */
  function sending<T>(task: () => Promise<T>): Promise<T> {
    return deps.locks.run(WALLET_KEY, task);
  }

  async function settle(): Promise<SettleResult> {
    await sending(quietMempool);
    await reader.sync();
    const node = await state.node(nodeId);
    if (BigInt(node.openClaim) !== 0n) {
      const { end } = await state.claimRecord(node.openClaim);
      return {
        settled: false,
        reason: `claim ${node.openClaim} is open until ${new Date(end * 1000).toISOString()}`,
      };
    }
    await vouchers.seal();
    const { holders } = deps;
    const small = await plan(node, holders === undefined ? MAX_CLAIM_BYTES : deps.calldataMax);
    if (small.isAll || holders === undefined) return settleInCalldata(node, small);
    try {
      return await settleHeld(holders);
    } catch (error) {
      if (!(error instanceof NodeError) || !(await haveBeenAway(node, small.version))) throw error;
      log.warn({ error: describe(error) }, 'a large claim cannot be proposed; one that calldata carries is');
    }
    const current = await state.node(nodeId);
    return settleInCalldata(current, await plan(current, MAX_CLAIM_BYTES));
  }

  /** Whether the validators have had their time since the next claim was first made for them, in an earlier life or in this. */
  async function haveBeenAway({ proposals }: OnChainNode, version: number): Promise<boolean> {
    const { challengeWindow } = await state.parameters(version);
    const attempts = ledger.attempts(proposals + 1);
    return attempts !== undefined && deps.now() - attempts.first.at >= challengeWindow * HELD_PATIENCE;
  }

  async function plan(node: OnChainNode, room: number): Promise<Plan> {
    const current = await state.currentVersion();
    const waiting = reader.node(nodeId).batches.filter(({ number }) => number > node.settledBatches);
    const version = waiting[0]?.paramsVersion ?? current;
    const together = waiting.filter(({ paramsVersion }) => paramsVersion === version);
    const { batches, bytes } = vouchers.fitting(together, room);
    // A claim has one parameters version. What was redeemed earlier goes first, without new vouchers if it is not all.
    const mayRedeem = version === current && batches.length === waiting.length;
    // Any batch fits into calldata alone, so that a node can go on by itself.
    const { epochs, left } = mayRedeem
      ? await vouchers.choose(Math.min(room - bytes, MAX_CLAIM_BYTES))
      : { epochs: [], left: 0 };
    return {
      ...{ batches, epochs, version },
      isAll: bytes <= room && batches.length === together.length && left === 0,
    };
  }

  async function settleInCalldata(
    node: OnChainNode,
    { batches, epochs, version }: Plan,
  ): Promise<SettleResult> {
    if (batches.length === 0 && epochs.length === 0)
      return { settled: false, reason: 'there is nothing to settle' };
    const signed = epochs.map(({ voucher }) => voucher);
    const redeemed = signed.length > 0 ? [...batches, nextBatch(node, version, signed)] : batches;
    const { terms, ...input } = await gather(redeemed, node);
    const built = buildClaim({ ...input, terms: (id) => terms.get(id)! });
    await publish(built);
    return propose(built, epochs.length, () => transactions.propose(built, epochs));
  }

  /** Redeems all that may be and claims it together. */
  async function settleHeld(holders: DataHolders): Promise<SettleResult> {
    for (let redeemed = 0; ; ) {
      const node = await state.node(nodeId);
      const { batches, epochs, version } = await plan(node, MAX_HELD_BYTES);
      if (epochs.length > 0) {
        await sending(() => transactions.redeem(epochs));
        await reader.sync();
        redeemed += epochs.length;
        continue;
      }
      const input = await gather(batches, node);
      const built = await buildLargeClaim({ ...input, dataScheme: DATA_SCHEME.validators });
      await publish(built, DATA_SCHEME.validators);
      const { attestations: needed } = await state.parameters(version);
      const attestations = await holders.attest(built, await dumpOf(node.finalClaim), needed);
      return propose(built, redeemed, () => transactions.proposeHeld(built, attestations));
    }
  }

  async function secure(): Promise<number> {
    const changing = await vouchers.changing();
    if (changing.size === 0) return 0;
    await sending(quietMempool);
    await vouchers.seal(changing);
    const { epochs } = await vouchers.choose(MAX_CLAIM_BYTES, changing);
    if (epochs.length === 0) return 0;
    const hash = await sending(() => transactions.redeem(epochs));
    log.info(
      { vouchers: epochs.length, transaction: hash },
      'redeemed what was signed on channels that change',
    );
    return epochs.length;
  }

  /** What the claim over these batches is built from. */
  async function gather(batches: readonly BatchRecord[], node: OnChainNode): Promise<ClaimWork> {
    const vouchers = batches.flatMap((batch) => batch.vouchers);
    const entries = await Promise.all(vouchers.map(receiptsOf));
    const receipts = await Promise.all(entries.flat().map(attributed));
    const terms = new Map<number, ModelTerms>();
    for (const { receipt } of receipts) terms.set(receipt.modelId, await state.terms(receipt.modelId));
    return {
      domain: { chainId: chain.viemChain.id, settlement: settlement.address },
      nodeId,
      proposer: nodeId,
      seq: node.proposals + 1,
      parent: await loadSettled(reader, deps.store, node.finalClaim),
      batches,
      receipts,
      parameters: await state.parameters(batches[0]!.paramsVersion),
      terms,
    };
  }

  /** The trees that a claim published; undefined for none. */
  async function dumpOf(claimId: Hex): Promise<Uint8Array | undefined> {
    const seen = reader.claim(claimId);
    return seen && deps.store.get(parseLocator(fromHex(seen.locator)));
  }

  /** The receipts of a redeemed voucher, from the journal. */
  async function receiptsOf(record: {
    channelId: Hex;
    epoch: number;
    receiptCount: number;
  }): Promise<ReceiptEntry[]> {
    const sealed = await ledger.sealedReceipts(record.channelId, record.epoch);
    const receipts = sealed.slice(0, record.receiptCount);
    if (receipts.length === record.receiptCount) return receipts;
    throw new NodeError(
      'journal_corrupt',
      `The journal does not have the receipts of epoch ${record.epoch} of channel ${record.channelId}.`,
      'Restore the journal that was in use when that voucher was redeemed.',
    );
  }

  async function attributed(entry: ReceiptEntry): Promise<AttributedReceipt> {
    const { evidence, queryVector } = await within(
      ATTRIBUTION_PATIENCE_MS,
      deps.attributions.ensure(entry.hash),
    );
    const opening = { salt: entry.salt, request: utf8(entry.request), output: utf8(entry.output) };
    return {
      receipt: entry.receipt,
      evidence,
      context: entry.context?.map(contextRowOf),
      queryVector: queryVector && fromInt8Bytes(queryVector),
      opening: isPublic(entry.receipt) ? opening : undefined,
    };
  }

  /** Before it is proposed, and journaled: a claim whose dump nobody can read is one that nobody can check. */
  async function publish(built: ClaimToPropose, dataScheme?: number): Promise<void> {
    const { claim, claimId } = built;
    const dump = await deps.store.put(built.dump);
    if (dataScheme !== undefined) {
      // What is not in calldata is needed here, too: to answer whoever asks about the claim.
      await deps.store.put(fromHex(built.claimData));
      // Validators that are away are asked for the same claim again and again.
      if (ledger.attempts(claim.seq)?.last.claimId === claimId) return;
    }
    await ledger.append({ type: 'proposal', claimId, seq: claim.seq, dump, dataScheme, at: deps.now() });
  }

  async function propose(
    { claim, claimId }: ClaimToPropose,
    count: number,
    submit: () => Promise<Hex>,
  ): Promise<SettleResult> {
    const hash = await sending(submit);
    await reader.sync();
    const summary = { receipts: claim.receiptCount, fees: claim.fees, vouchers: count };
    log.info(
      { claim: claimId, seq: claim.seq, ...summary, fees: formatEther(claim.fees), transaction: hash },
      'proposed a claim',
    );
    return { settled: true, claimId, transaction: hash, ...summary };
  }

  async function flush(): Promise<void> {
    await quietMempool();
    const node = await state.node(nodeId);
    const { wallet } = deps;
    if (node.nodeShare > 0n) {
      const hash = await wallet.writeContract({ ...settlement, functionName: 'flush', args: [nodeId] });
      await confirmed(chain, hash, 'collecting the node’s share');
      log.info({ amount: formatEther(node.nodeShare) }, 'collected the node’s share');
    }
    const counters = await chain.client.readContract({ ...settlement, functionName: 'counters' });
    if (BigInt(node.openClaim) === 0n && counters.some((amount) => amount > 0n)) {
      const hash = await wallet.writeContract({ ...settlement, functionName: 'flush', args: [] });
      await confirmed(chain, hash, 'flushing burn, treasury and stakers');
    }
  }

  /** After a crash a transaction of the earlier life may still wait: deciding anew before it lands would do it twice. */
  async function quietMempool(): Promise<void> {
    const { address } = deps.wallet.account;
    const [sent, mined] = await Promise.all([
      chain.client.getTransactionCount({ address, blockTag: 'pending' }),
      chain.client.getTransactionCount({ address, blockTag: 'latest' }),
    ]);
    if (sent === mined) return;
    throw new NodeError(
      'busy',
      `${sent - mined} transactions of the node wait to be mined.`,
      'It is tried again.',
    );
  }

  return {
    secure: () => exclusively(secure),
    settle: () => exclusively(settle),
    flush: () => exclusively(() => sending(flush)),
  };
}

/** Gives up waiting for attributions; what they need is logged where they fail. */
async function within<T>(ms: number, task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const hint = 'Look for "an attribution failed" in the log; settle again when it works.';
      reject(
        new NodeError('busy', 'Answers wait for their attribution, so they cannot be settled yet.', hint),
      );
    }, ms);
  });
  try {
    return await Promise.race([task, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
