import { join } from 'node:path';
import type { BaseModel } from '@openledger/engine/model/base';
import type { Hex, PrivateKeyAccount } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { type AttributionQueue, createAttributionQueue } from '../attribution/queue.ts';
import { cached } from '../chain/cached.ts';
import { type ChainWallet, walletOn } from '../chain/chain.ts';
import { readChannel } from '../chain/channels.ts';
import { type AcceptedContribution, readContributions } from '../chain/contributions.ts';
import { withRpc } from '../chain/retry.ts';
import { createSettlementReader, type SettlementReader } from '../chain/settlement-reader.ts';
import { createSettlementState, type SettlementState } from '../chain/settlement-state.ts';
import type { Config } from '../config.ts';
import { proofRoutes } from '../gateway/proof-routes.ts';
import { receiptRoutes } from '../gateway/receipt-routes.ts';
import { hasHadAnotherWallet, joinNetwork } from '../identity/agent.ts';
import { reissued } from '../identity/reissue.ts';
import { createNodeSigner, type NodeSigner } from '../identity/signer.ts';
import type { ChainChannel } from '../ledger/channel.ts';
import { createKeyLock, type KeyLock } from '../ledger/key-lock.ts';
import { type Ledger, openLedger } from '../ledger/ledger.ts';
import { createEvidenceEngine } from '../models/evidence-engine.ts';
import { createSpanIndexes } from '../models/span-indexes.ts';
import { type Context, now } from './context.ts';

/** What gateway and prover share: the node's key and agent, the journal, and the attributions of its answers. */
export type NodeIdentity = {
  account: PrivateKeyAccount;
  wallet: ChainWallet;
  nodeId: number;
  signer: NodeSigner;
  base: BaseModel;
  ledger: Ledger;
  /** The ledger as others are shown it: every signature is by the present key. */
  shown: Ledger;
  locks: KeyLock;
  reader: SettlementReader;
  state: SettlementState;
  attributions: AttributionQueue;
  contributions(): Promise<AcceptedContribution[]>;
  /** The chain's view of a channel, not remembered. */
  readChannel(channelId: Hex): Promise<ChainChannel>;
};

/** Finds or registers the node's agent and opens its journal. */
export async function openIdentity(context: Context, signal: AbortSignal | undefined): Promise<NodeIdentity> {
  const { config, log, chain, store, catalog, routes, sources, onClose } = context;
  if (config.nodeKey === undefined) throw new Error('The configuration was checked to have a node key.');
  const account = privateKeyToAccount(config.nodeKey);
  const wallet = walletOn(chain, account);
  const path = join(config.home, 'node-agent.json');
  const { nodeId, hasOthers } = await withRpc({ log, what: 'joining the network', signal }, async () => {
    const uri = registrationUrl(config);
    const agentId = await joinNetwork({ chain, wallet, log, stake: config.stake, uri, path });
    return { nodeId: agentId, hasOthers: await hasHadAnotherWallet(chain, agentId, account.address) };
  });
  const ledger = await openLedger(join(config.home, 'node.journal'));
  onClose.push(ledger.close);
  if (ledger.tornTail !== undefined) {
    log.warn(
      ledger.tornTail,
      'the journal ended in an unfinished write, which was cut off; nothing acknowledged is lost',
    );
  }
  const signer = createNodeSigner(account, nodeId, chain.settlement);
  const base = await context.base();
  const evidence = createEvidenceEngine(base, createSpanIndexes(join(config.home, 'spans'), log));
  onClose.push(evidence.close);
  const attributions = createAttributionQueue({ ledger, catalog, engine: evidence, signer, log, now });
  onClose.push(attributions.close);
  sources.unattributed = () => ledger.unattributed.size;
  const reader = createSettlementReader(chain);
  const state = createSettlementState(chain);
  const contributions = cached(() => readContributions(chain), 2_000);
  const shown = hasOthers ? await reissued(ledger, signer) : ledger;
  const receipts = { nodeId, ledger: shown, reader, state, contributions };
  routes.push(receiptRoutes(receipts), proofRoutes({ ...receipts, chain, store }));
  return {
    ...{ account, wallet, nodeId, signer, base, ledger, shown, locks: createKeyLock() },
    ...{ reader, state, attributions, contributions },
    readChannel: (channelId) => readChannel(chain, channelId),
  };
}

/** Where the registry of agents says that this one introduces itself. */
function registrationUrl({ host, port }: Config): string {
  return `http://${host}:${port}/.well-known/agent-registration.json`;
}
