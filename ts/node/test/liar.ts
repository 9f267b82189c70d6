/**
 * A liar, for tests of those who look: a process with its own key that uses nothing but the public contracts and
 * content-addressed blobs. It registers an agent, stakes, is its own consumer, builds an honest claim over real
 * signed vouchers, falsifies one drawn field of it, and proposes. Never part of a product.
 *
 *   OPENLEDGER_LIAR_KEY=0x… node ts/node/test/liar.ts --rpc http://127.0.0.1:8545 --deployment deploy/31337.json \
 *     --store http://127.0.0.1:8650 --seeds 1-20 [--honest] [--withhold] [--elsewhere] [--model 2] [--receipts 5]
 *
 * Prints one JSON line per claim, and goes on with the next seed when the chain has decided that claim.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { longestMatches } from '@openledger/engine/spans/longest-matches';
import { buildSpanIndex } from '@openledger/engine/spans/span-index';
import { attributionSettlementAbi, inferenceEscrowAbi } from '@openledger/sdk/abis';
import { fromHex, keccak, toHex, utf8 } from '@openledger/sdk/protocol/bytes';
import { DATA_SCHEME, dataCommitment } from '@openledger/sdk/protocol/claim-data';
import { claimId as claimIdOf } from '@openledger/sdk/protocol/claim-id';
import {
  type AttributedReceipt,
  type BatchRecord,
  type BuiltClaim,
  buildClaim,
  type ClaimInput,
  nextBatch,
} from '@openledger/sdk/protocol/claims';
import { outputTree, requestHash, splitRows } from '@openledger/sdk/protocol/content';
import { type ContextRow, contextRoot, retrievalEvidence } from '@openledger/sdk/protocol/context';
import { influenceEvidence, MAX_SPAN, MIN_SPAN, spanEvidence } from '@openledger/sdk/protocol/items';
import { feeOf, RECEIPT_FLAG, type Receipt, receiptsTree } from '@openledger/sdk/protocol/receipts';
import { influenceScore, SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import { canonicalBytes } from '@openledger/sdk/protocol/store';
import { plainRoot, sumRoot } from '@openledger/sdk/protocol/trees';
import {
  channelId as channelIdOf,
  type SignedVoucher,
  voucherTypedData,
} from '@openledger/sdk/protocol/vouchers';
import { type Hex, type LocalAccount, parseEther } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { TAMPERED_FIELDS, tamperClaim } from '../../sdk/test/tamper.ts';
import { type Chain, openChain, walletOn } from '../src/chain/chain.ts';
import { createSettlementReader } from '../src/chain/settlement-reader.ts';
import { createSettlementState } from '../src/chain/settlement-state.ts';
import { confirmed } from '../src/chain/transact.ts';
import { loadSettled } from '../src/claims/settled-state.ts';
import { joinNetwork } from '../src/identity/agent.ts';
import { createLog } from '../src/log.ts';
import { createCatalog } from '../src/models/catalog.ts';
import type { VerifiedAdapter } from '../src/models/types.ts';
import { httpStore } from '../src/store/http-store.ts';
import type { BlobStore } from '../src/store/types.ts';
import { randomFrom } from './support/random.ts';

export type LiarOptions = {
  chain: Chain;
  account: LocalAccount;
  store: BlobStore;
  /** Id of the adapter to lie about. */
  model: number;
  /** Receipts per voucher. */
  receipts: number;
  stake?: bigint;
  /** Keeps the dump to itself, and data that is not in calldata: nobody can open what was falsified. */
  withhold?: boolean;
  /** Names a blob of EigenDA for the data of its claim. */
  elsewhere?: boolean;
};

export type Proposal = {
  seed: number;
  honest: boolean;
  /** The falsified field and what was done to it. */
  field: string;
  what: string;
  claimId: Hex;
  nodeId: number;
  receipts: number;
};

/** A liar that is ready to propose. Its agent has no open claim when `propose` is called. */
export async function createLiar(options: LiarOptions) {
  const { chain, account, store } = options;
  const log = createLog('silent');
  const wallet = walletOn(chain, account);
  const nodeId = await joinNetwork({
    chain,
    wallet,
    log,
    stake: options.stake ?? parseEther('2000'),
    uri: 'liar',
  });
  const catalog = createCatalog({ chain, store, log, capacity: 1 });
  const model = await catalog.find(`ol-${options.model}`);
  const adapter = await catalog.verify(model);
  const prices = await catalog.prices(model.id);
  const index = buildSpanIndex(adapter.documents);
  const reader = createSettlementReader(chain);
  const state = createSettlementState(chain);
  const settlement = {
    address: chain.contracts.AttributionSettlement,
    abi: attributionSettlementAbi,
  } as const;
  const escrow = { address: chain.contracts.InferenceEscrow, abi: inferenceEscrowAbi } as const;
  /** Receipts by channel and epoch: what this process made up. */
  const made = new Map<string, AttributedReceipt[]>();
  const channel = await ownChannel();

  async function ownChannel(): Promise<Hex> {
    const nonce = toHex(crypto.getRandomValues(new Uint8Array(32)));
    const args = [nodeId, account.address, nonce] as const;
    const hash = await wallet.writeContract({
      ...escrow,
      functionName: 'openChannel',
      args,
      value: parseEther('500'),
    });
    await confirmed(chain, hash, 'opening a channel');
    const { chainId, verifyingContract } = chain.escrow;
    return channelIdOf({ chainId, escrow: verifyingContract, consumer: account.address, nodeId, nonce });
  }

  /** Receipts as a serving node would have them: real texts, real matches, a query vector out of the seed. */
  function makeReceipts(epoch: number, random: (below: number) => number): AttributedReceipt[] {
    return Array.from({ length: options.receipts }, (_, position) => {
      const salt = keccak(utf8(`salt ${channel} ${epoch} ${position} ${random(1 << 30)}`));
      const request = canonicalBytes({
        messages: [{ content: `Question ${random(1000)}?`, role: 'user' }],
        model: model.names[0],
      });
      const output = answerFrom(adapter, random);
      const context = contextFrom(adapter, random);
      const receipt: Receipt = {
        channelId: channel,
        epoch,
        position,
        modelId: model.id,
        tokensIn: 5 + random(50),
        tokensOut: 10 + random(90),
        fee: 0n,
        servedAt: Math.floor(Date.now() / 1000),
        flags: RECEIPT_FLAG.public,
        requestHash: requestHash(salt, request),
        outputRoot: plainRoot(outputTree(salt, output)),
        outputLength: output.length,
        contextRoot: contextRoot(context),
      };
      receipt.fee = feeOf(prices, receipt.tokensIn, receipt.tokensOut);
      const queryVector = Int8Array.from({ length: SKETCH_LENGTH }, () => random(255) - 127);
      const matches = longestMatches(index, output, { minLen: MIN_SPAN, maxLen: MAX_SPAN });
      const evidence = [
        ...adapter.sketches.map((sketch) =>
          influenceEvidence(sketch.asset, influenceScore(sketch, queryVector)),
        ),
        ...matches.map((match) => spanEvidence(match.asset, match)),
        ...retrievalEvidence(context),
      ];
      return { receipt, evidence, context, queryVector, opening: { salt, request, output } };
    });
  }

  async function signedVoucher(random: (below: number) => number): Promise<SignedVoucher> {
    const { epoch, settled } = await chain.client.readContract({
      ...escrow,
      functionName: 'channel',
      args: [channel],
    });
    const receipts = makeReceipts(epoch, random);
    made.set(`${channel}/${epoch}`, receipts);
    const root = sumRoot(receiptsTree(receipts.map(({ receipt }) => receipt)));
    const voucher = {
      channelId: channel,
      epoch,
      settledFee: settled,
      cumulativeFee: settled + root.sum,
      receiptsRoot: root.hash,
      receiptCount: receipts.length,
    };
    return {
      ...voucher,
      signature: await account.signTypedData(voucherTypedData(chain.escrow, voucher)),
      acceptance: '0x',
    };
  }

  /** The same claim, its data not in calldata. */
  async function proposeElsewhere(built: BuiltClaim, vouchers: SignedVoucher[]): Promise<Hex> {
    const { claimData, locator } = built;
    if (options.withhold !== true) await store.put(fromHex(claimData));
    if (vouchers.length > 0) {
      const args = [nodeId, vouchers] as const;
      await confirmed(
        chain,
        await wallet.writeContract({ ...settlement, functionName: 'redeem', args }),
        'redemption',
      );
    }
    const scheme = DATA_SCHEME.eigenDA;
    const claim = { ...built.claim, dataCommitment: dataCommitment(scheme, claimData, locator) };
    const proposed = await wallet.writeContract({
      ...settlement,
      functionName: 'proposeClaimElsewhere',
      args: [claim, scheme, keccak(claimData), locator, []],
    });
    await confirmed(chain, proposed, 'proposal');
    return claimIdOf({ chainId: chain.viemChain.id, settlement: settlement.address }, claim);
  }

  async function propose(seed: number, honest: boolean): Promise<Proposal> {
    const random = randomFrom(seed);
    await reader.sync();
    const node = await state.node(nodeId);
    const version = await state.currentVersion();
    const waiting = reader.node(nodeId).batches.filter(({ number }) => number > node.settledBatches);
    // A rejected claim leaves its batches behind: they are claimed again, now falsified in another place.
    const vouchers = waiting.length === 0 ? [await signedVoucher(random)] : [];
    const batches: BatchRecord[] = vouchers.length === 0 ? waiting : [nextBatch(node, version, vouchers)];
    const receipts = batches
      .flatMap(({ vouchers }) => vouchers)
      .flatMap(({ channelId, epoch }) => made.get(`${channelId}/${epoch}`) ?? missing(epoch));
    const input: ClaimInput = {
      domain: { chainId: chain.viemChain.id, settlement: settlement.address },
      nodeId,
      proposer: nodeId,
      seq: node.proposals + 1,
      parent: await loadSettled(reader, store, node.finalClaim),
      batches,
      receipts,
      parameters: await state.parameters(version),
      terms: () => model.terms,
    };
    const claim = honest
      ? { ...buildClaim(input), field: 'none', what: 'nothing' }
      : lie(input, seed, random);
    if (options.withhold !== true) await store.put(claim.dump);
    if (options.elsewhere === true) {
      const claimId = await proposeElsewhere(claim, vouchers);
      const { field, what } = claim;
      return { seed, honest, field, what, claimId, nodeId, receipts: receipts.length };
    }
    const data = [claim.claim, claim.claimData, claim.locator] as const;
    const hash =
      vouchers.length === 0
        ? await wallet.writeContract({ ...settlement, functionName: 'proposeClaim', args: data })
        : await wallet.writeContract({
            ...settlement,
            functionName: 'redeemAndPropose',
            args: [nodeId, vouchers, ...data],
          });
    await confirmed(chain, hash, 'proposal');
    const { field, what, claimId } = claim;
    return { seed, honest, field, what, claimId, nodeId, receipts: receipts.length };
  }

  /** Whether the chain has decided a claim. */
  async function isDecided(claimId: Hex): Promise<boolean> {
    return (await state.claimRecord(claimId)).status !== 'proposed';
  }

  return { nodeId, propose, isDecided };
}

/** Falsifies the field that the seed names; if the claim has no place for it, the next one. */
function lie(
  input: ClaimInput,
  seed: number,
  random: (below: number) => number,
): BuiltClaim & { field: string; what: string } {
  const built = buildClaim(input);
  for (let i = 0; i < TAMPERED_FIELDS.length; i += 1) {
    const field = TAMPERED_FIELDS[(seed + i) % TAMPERED_FIELDS.length];
    const tampered = tamperClaim(input, built, field, random);
    if (tampered !== undefined) return tampered;
  }
  throw new Error('The claim has no field to falsify.');
}

/** An answer that quotes a contribution in most cases. */
function answerFrom(adapter: VerifiedAdapter, random: (below: number) => number): Uint8Array {
  const document = adapter.documents[random(adapter.documents.length)];
  const longest = Math.min(200, document.bytes.length);
  const length = Math.min(longest, 30 + random(170));
  const start = random(document.bytes.length - length + 1);
  const quote = new TextDecoder().decode(document.bytes.subarray(start, start + length));
  return utf8(`It is said: ${quote}`);
}

/** Up to three rows as if they had been retrieved. */
function contextFrom(adapter: VerifiedAdapter, random: (below: number) => number): ContextRow[] {
  return Array.from({ length: random(4) }, () => {
    const { asset, bytes } = adapter.documents[random(adapter.documents.length)];
    const rows = splitRows(bytes);
    const row = rows[random(rows.length)];
    return { asset, row: row.row, score: BigInt(1 + random(1000)), bytesHash: keccak(row.bytes) };
  });
}

function missing(epoch: number): never {
  throw new Error(`The receipts of epoch ${epoch} belong to an earlier life of the liar.`);
}

/** The program: proposes seed after seed, each as soon as the one before is decided. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rpc: { type: 'string', default: 'http://127.0.0.1:8545' },
      deployment: { type: 'string', default: 'deploy/31337.json' },
      store: { type: 'string', default: 'http://127.0.0.1:8650' },
      seed: { type: 'string' },
      seeds: { type: 'string', default: '1' },
      model: { type: 'string', default: '2' },
      receipts: { type: 'string', default: '5' },
      honest: { type: 'boolean', default: false },
      withhold: { type: 'boolean', default: false },
      elsewhere: { type: 'boolean', default: false },
    },
  });
  const key = process.env.OPENLEDGER_LIAR_KEY as Hex | undefined;
  if (key === undefined) throw new Error('Set OPENLEDGER_LIAR_KEY to the private key of the liar.');
  const [from, to = from] = (values.seed ?? values.seeds).split('-').map(Number);
  const chain = await openChain({
    rpc: values.rpc,
    deployment: resolve(values.deployment),
    log: createLog('silent'),
  });
  const liar = await createLiar({
    chain,
    account: privateKeyToAccount(key),
    store: httpStore({ url: values.store }),
    model: Number(values.model),
    receipts: Number(values.receipts),
    withhold: values.withhold,
    elsewhere: values.elsewhere,
  });
  for (let seed = from; seed <= to; seed += 1) {
    const proposal = await liar.propose(seed, values.honest);
    process.stdout.write(`${JSON.stringify(proposal)}\n`);
    while (seed < to && !(await liar.isDecided(proposal.claimId)))
      await new Promise((done) => setTimeout(done, 50));
  }
}

if (process.argv[1] === import.meta.filename) await main();
