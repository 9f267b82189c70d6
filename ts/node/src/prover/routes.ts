import { Hono } from 'hono';
import { NodeError } from '../errors.ts';
import { jsonResponse } from '../gateway/json.ts';
import { requireOperator } from '../gateway/operator.ts';
import { listPayouts, type PayoutDeps } from './payouts.ts';
import type { Prover } from './prover.ts';

export type ProverRouteDeps = PayoutDeps & { prover: Prover; operatorToken: string | undefined };

/** `GET /v1/payouts`, `GET /v1/claims`, `POST /v1/settle` and `POST /v1/flush`. */
export function proverRoutes(deps: ProverRouteDeps): Hono {
  const app = new Hono();

  app.get('/v1/payouts', async (context) => {
    const text = context.req.query('asset');
    if (text !== undefined && !/^\d{1,13}$/.test(text)) {
      throw new NodeError(
        'bad_request',
        `"${text}" is not an asset id.`,
        'An asset id is token id × 4 + kind.',
      );
    }
    return jsonResponse(await listPayouts(deps, text === undefined ? undefined : Number(text)));
  });

  app.get('/v1/claims', async () => {
    await deps.reader.sync();
    const { claims } = deps.reader.node(deps.nodeId);
    const data = await Promise.all(
      claims.map(async ({ claimId, claim, locator, block }) => {
        const { status, end, bond } = await deps.state.claimRecord(claimId);
        return {
          claimId,
          claim,
          status,
          end,
          bond,
          locator: Buffer.from(locator.slice(2), 'hex').toString(),
          block,
        };
      }),
    );
    return jsonResponse({ object: 'list', data });
  });

  app.post('/v1/settle', async (context) => {
    requireOperator(deps.operatorToken, context.req.header('authorization'));
    return jsonResponse(await deps.prover.settle());
  });

  app.post('/v1/flush', async (context) => {
    requireOperator(deps.operatorToken, context.req.header('authorization'));
    await deps.prover.flush();
    return jsonResponse({ flushed: true });
  });

  return app;
}
