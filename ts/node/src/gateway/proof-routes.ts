import { z } from '@hono/zod-openapi';
import { encodeHeader, proveReceipt, type RpcBlock } from '@openledger/sdk/light/prove';
import { agentSlots, settlementSlots } from '@openledger/sdk/light/slots';
import type { AccountProof } from '@openledger/sdk/light/state';
import { fromHex } from '@openledger/sdk/protocol/bytes';
import { decodeDump, parseLocator } from '@openledger/sdk/protocol/dump';
import type { Hex } from 'viem';
import type { Chain } from '../chain/chain.ts';
import { NodeError } from '../errors.ts';
import type { BlobReader } from '../store/types.ts';
import { jsonResponse } from './json.ts';
import { type Api, addOperation, createApi, type Operation } from './operation.ts';
import { placeOf, type ReceiptViewDeps } from './receipt-view.ts';
import { amount, claimSchema, hash, hashParam, hexBytes, natural, receiptSchema } from './schemas.ts';

const accountProof = z
  .object({ accountProof: z.array(hexBytes), storageProof: z.array(z.array(hexBytes)) })
  .openapi('AccountProof');

const readProof = {
  method: 'get',
  path: '/v1/receipts/{id}/proof',
  tag: 'receipts',
  summary: 'What shows, with a block hash alone, that a claim pays a receipt',
  description:
    'For `verifyReceipt` of `@openledger/sdk/light`. There is one once the receipt is in a claim that was proposed; it is of the latest block.',
  params: hashParam,
  answer: {
    description: 'The proof.',
    json: z
      .object({
        version: z.literal(1),
        nodeId: natural,
        receipt: receiptSchema,
        nodeSignature: hexBytes,
        number: natural,
        claim: claimSchema,
        attribution: z.object({
          queryHash: hash,
          items: z.array(
            z.object({ asset: natural, kind: natural, score: z.string(), amount, evidence: hexBytes }),
          ),
          creditIndices: z.array(natural),
          proof: hexBytes,
        }),
        credits: z.array(
          z.object({
            item: natural,
            creditProof: hexBytes,
            payout: z.object({
              asset: natural,
              seq: natural,
              cumulative: amount,
              delta: amount,
              creditsHash: hash,
              creditsDepth: natural,
            }),
            payoutProof: hexBytes,
          }),
        ),
        block: z.object({ hash, header: hexBytes, settlement: accountProof, agents: accountProof }),
      })
      .openapi('ReceiptProof'),
  },
  refusals: [404, 503],
} as const satisfies Operation<unknown, unknown, unknown>;

export type ProofRouteDeps = ReceiptViewDeps & { chain: Chain; store: BlobReader };

/** `GET /v1/receipts/:id/proof`. */
export function proofRoutes(deps: ProofRouteDeps): Api {
  const app = createApi();

  addOperation(app, readProof, async (_, { params: { id } }) => {
    const entry = await deps.ledger.receipt(id);
    if (entry === undefined) {
      throw new NodeError('not_found', `There is no receipt ${id} here.`, 'Ask the node that issued it.');
    }
    await deps.reader.sync();
    const { number, claimId } = await placeOf(deps, entry);
    const seen = claimId === null ? undefined : deps.reader.claim(claimId);
    if (number === null || claimId === null || seen === undefined) {
      throw new NodeError(
        'not_found',
        'The receipt is in no claim yet, so there is nothing to prove.',
        'Come again when GET /v1/receipts/{id} says "claimed" or "final".',
      );
    }
    const trees = decodeDump(await deps.store.get(parseLocator(fromHex(seen.locator))));
    const { receipt, nodeSignature } = entry;
    const { nodeId } = deps;
    const proof = proveReceipt(seen.claim, trees, { nodeId, receipt, nodeSignature, number });
    if (proof === undefined) {
      throw new NodeError(
        'blob_corrupt',
        'The dump of the claim does not have the receipt.',
        'Settle again.',
      );
    }
    return jsonResponse({ ...proof, block: await proveBlock(deps.chain, nodeId, claimId) });
  });

  return app;
}

/** The header of the latest block, and what its state has of the claim and of the node's wallet. */
async function proveBlock({ client, contracts }: Chain, nodeId: number, claimId: Hex) {
  const request = client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
  const block = (await request({ method: 'eth_getBlockByNumber', params: ['latest', false] })) as RpcBlock;
  const prove = async (account: Hex, slots: readonly Hex[]): Promise<AccountProof> => {
    const params = [account, slots, block.number];
    const given = (await request({ method: 'eth_getProof', params })) as {
      accountProof: Hex[];
      storageProof: { proof: Hex[] }[];
    };
    return { accountProof: given.accountProof, storageProof: given.storageProof.map(({ proof }) => proof) };
  };
  const settlement = await prove(contracts.AttributionSettlement, settlementSlots(claimId));
  const agents = await prove(contracts.AgentRegistry, agentSlots(nodeId));
  return { hash: block.hash, header: encodeHeader(block), settlement, agents };
}
