import { Hono } from 'hono';
import type { Hex } from 'viem';
import { NodeError } from '../errors.ts';
import { jsonResponse } from './json.ts';
import { type ReceiptViewDeps, viewReceipt } from './receipt-view.ts';

const LIST_LIMIT = 100;

/** `GET /v1/receipts` (newest first, without texts) and `GET /v1/receipts/:id`. */
export function receiptRoutes(deps: ReceiptViewDeps): Hono {
  const app = new Hono();

  app.get('/v1/receipts', (context) => {
    const channel = context.req.query('channel')?.toLowerCase();
    const all = deps.ledger
      .receipts()
      .filter(({ receipt }) => channel === undefined || receipt.channelId === channel);
    const data = all
      .slice(-LIST_LIMIT)
      .toReversed()
      .map(({ hash, receipt }) => ({
        id: hash,
        receipt,
        attributed: deps.ledger.attribution(hash) !== undefined,
      }));
    return jsonResponse({ object: 'list', data });
  });

  app.get('/v1/receipts/:id', async (context) => {
    const id = context.req.param('id') as Hex;
    const entry = deps.ledger.receipt(id);
    if (entry === undefined) {
      throw new NodeError('not_found', `There is no receipt ${id} here.`, 'Ask the node that issued it.');
    }
    await deps.reader.sync();
    return jsonResponse(await viewReceipt(deps, entry, context.req.header('x-openledger-salt')));
  });

  return app;
}
