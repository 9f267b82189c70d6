import { z } from '@hono/zod-openapi';
import { CLAIM_STATUS } from '../chain/settlement-state.ts';
import { jsonResponse } from '../gateway/json.ts';
import { type Api, addOperation, createApi, type Operation } from '../gateway/operation.ts';
import { requireOperator } from '../gateway/operator.ts';
import { amount, claimSchema, hash, hexBytes, listOf, natural, tokenSchema } from '../gateway/schemas.ts';
import { listPayouts, type PayoutDeps } from './payouts.ts';
import type { Prover } from './prover.ts';

export type ProverRouteDeps = PayoutDeps & { prover: Prover; operatorToken: string | undefined };

const readPayouts = {
  method: 'get',
  path: '/v1/payouts',
  tag: 'settlement',
  summary: "What assets can be paid from the node's last final claim, with proofs",
  description:
    '`payouts[].payout` and `finalClaim` are the arguments of `AttributionSettlement.claim`; `baselines[]` those of `BaselineVault.take`.',
  query: z.object({
    asset: z
      .string()
      .regex(/^\d{1,13}$/, 'is not an asset id: token id × 4 + kind')
      .transform(Number)
      .optional(),
  }),
  answer: {
    description: 'Payouts and baselines.',
    json: z
      .object({
        nodeId: natural,
        claimId: hash.nullable(),
        finalClaim: claimSchema.nullable(),
        payouts: z.array(
          z.object({
            asset: natural,
            token: tokenSchema,
            cumulative: amount,
            paid: amount,
            payable: amount,
            payout: z.object({
              nodeId: natural,
              asset: natural,
              seq: natural,
              cumulative: amount,
              delta: amount,
              creditsHash: hash,
              creditsDepth: natural,
              proof: hexBytes,
            }),
          }),
        ),
        baselines: z.array(
          z.object({
            modelId: natural,
            asset: natural,
            parts: natural,
            proof: hexBytes,
            received: amount,
            taken: amount,
            payable: amount,
          }),
        ),
      })
      .openapi('Payouts'),
  },
  refusals: [404, 503],
} as const satisfies Operation<unknown, unknown, unknown>;

const listClaims = {
  method: 'get',
  path: '/v1/claims',
  tag: 'settlement',
  summary: "The node's claims with status and window",
  answer: {
    description: 'Claims, oldest first.',
    json: listOf(
      z.object({
        claimId: hash,
        claim: claimSchema,
        status: z.enum(CLAIM_STATUS),
        end: natural,
        bond: amount,
        locator: z.string(),
        block: amount,
      }),
    ),
  },
  refusals: [503],
} as const satisfies Operation<unknown, unknown, unknown>;

const settle = {
  method: 'post',
  path: '/v1/settle',
  tag: 'settlement',
  summary: 'Redeems vouchers and proposes a claim, if there is something to settle',
  operator: true,
  answer: {
    description: 'What was settled, or why nothing was.',
    json: z.union([
      z.object({
        settled: z.literal(true),
        claimId: hash,
        transaction: hash,
        receipts: natural,
        fees: amount,
        vouchers: natural,
      }),
      z.object({ settled: z.literal(false), reason: z.string() }),
    ]),
  },
  refusals: [409, 503],
} as const satisfies Operation<unknown, unknown, unknown>;

const flush = {
  method: 'post',
  path: '/v1/flush',
  tag: 'settlement',
  summary: 'Pays out what final claims released',
  operator: true,
  answer: { description: 'Done.', json: z.object({ flushed: z.literal(true) }) },
  refusals: [409, 503],
} as const satisfies Operation<unknown, unknown, unknown>;

/** `GET /v1/payouts`, `GET /v1/claims`, `POST /v1/settle` and `POST /v1/flush`. */
export function proverRoutes(deps: ProverRouteDeps): Api {
  const app = createApi();

  addOperation(app, readPayouts, async (_, { query }) => jsonResponse(await listPayouts(deps, query.asset)));

  addOperation(app, listClaims, async () => {
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

  addOperation(app, settle, async (context) => {
    requireOperator(deps.operatorToken, context.req.header('authorization'));
    return jsonResponse(await deps.prover.settle());
  });

  addOperation(app, flush, async (context) => {
    requireOperator(deps.operatorToken, context.req.header('authorization'));
    await deps.prover.flush();
    return jsonResponse({ flushed: true });
  });

  return app;
}
