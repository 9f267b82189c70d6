import { z } from '@hono/zod-openapi';
import type { Hex } from 'viem';
import { NodeError } from '../errors.ts';
import { jsonResponse } from './json.ts';
import { type Api, addOperation, createApi, type Operation } from './operation.ts';
import { type ReceiptViewDeps, receiptViewSchema, viewReceipt } from './receipt-view.ts';
import { hash, hashParam, listOf, receiptSchema } from './schemas.ts';

const LIST_LIMIT = 100;

const listReceipts = {
  method: 'get',
  path: '/v1/receipts',
  tag: 'receipts',
  summary: 'The last hundred receipts, newest first, without texts',
  query: z.object({ channel: z.string().optional() }),
  answer: {
    description: 'Receipts.',
    json: listOf(z.object({ id: hash, receipt: receiptSchema, attributed: z.boolean() })),
  },
} as const satisfies Operation<unknown, unknown, unknown>;

const readReceipt = {
  method: 'get',
  path: '/v1/receipts/{id}',
  tag: 'receipts',
  summary: 'A receipt with its attribution and where it is on its way to being paid',
  description:
    'Request, answer and spans only for PUBLIC receipts, or with the salt of the call in `x-openledger-salt`. `attribution` is null for the moment that it takes to compute.',
  params: hashParam,
  headers: z.object({ 'x-openledger-salt': z.string().optional() }),
  answer: { description: 'The receipt.', json: receiptViewSchema },
  refusals: [404, 503],
} as const satisfies Operation<unknown, unknown, unknown>;

/** `GET /v1/receipts` (newest first, without texts) and `GET /v1/receipts/:id`. */
export function receiptRoutes(deps: ReceiptViewDeps): Api {
  const app = createApi();

  addOperation(app, listReceipts, async (_, { query }) => {
    const last = await deps.ledger.receipts(LIST_LIMIT, query.channel as Hex | undefined);
    const data = last
      .toReversed()
      .map(({ hash, receipt }) => ({ id: hash, receipt, attributed: deps.ledger.isAttributed(hash) }));
    return jsonResponse({ object: 'list', data });
  });

  addOperation(app, readReceipt, async (context, { params: { id } }) => {
    const entry = await deps.ledger.receipt(id);
    if (entry === undefined) {
      throw new NodeError('not_found', `There is no receipt ${id} here.`, 'Ask the node that issued it.');
    }
    await deps.reader.sync();
    return jsonResponse(await viewReceipt(deps, entry, context.req.header('x-openledger-salt')));
  });

  return app;
}
