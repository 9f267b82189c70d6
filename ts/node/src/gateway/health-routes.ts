import { z } from '@hono/zod-openapi';
import type { Chain } from '../chain/chain.ts';
import { ROLES, type Role } from '../config.ts';
import type { Telemetry } from '../telemetry.ts';
import { type Api, addOperation, createApi, type Operation } from './operation.ts';
import { address, natural } from './schemas.ts';

export type HealthRouteDeps = {
  chain: Chain;
  roles: readonly Role[];
  nodeId: number | undefined;
  telemetry: Telemetry;
};

const health = z
  .object({
    status: z.enum(['ok', 'chain unreachable']),
    roles: z.array(z.enum(ROLES)),
    nodeId: natural.nullable(),
    chainId: natural,
    block: natural.nullable(),
    settlement: address,
  })
  .openapi('Health');
const ready = z.object({ ready: z.boolean() });

/** An answer whose status says the same as its body. */
function yesOr503<Body extends z.ZodType>(json: Body, yes: string, no: string) {
  return { answer: { description: yes, json }, otherAnswers: { 503: { description: no, json } } };
}

const readHealth = {
  method: 'get',
  path: '/health',
  tag: 'operation',
  summary: 'Whether the node is alive, and what it is',
  ...yesOr503(health, 'The node and its chain answer.', 'The chain does not answer.'),
} as const satisfies Operation<unknown, unknown, unknown>;

const readReady = {
  method: 'get',
  path: '/ready',
  tag: 'operation',
  summary: 'Whether calls can be served',
  ...yesOr503(ready, 'They can.', 'They cannot.'),
} as const satisfies Operation<unknown, unknown, unknown>;

const readMetrics = {
  method: 'get',
  path: '/metrics',
  tag: 'operation',
  summary: 'Metrics for Prometheus',
  answer: { description: "Prometheus' text format.", text: true },
} as const satisfies Operation<unknown, unknown, unknown>;

/**
 * `GET /health`: alive, with what the node is. `GET /ready`: 200 when calls can be served, which needs the chain.
 * `GET /metrics`: for Prometheus.
 */
export function healthRoutes({ chain, roles, nodeId, telemetry }: HealthRouteDeps): Api {
  const app = createApi();
  const block = () => chain.client.getBlockNumber().catch(() => undefined);

  addOperation(app, readHealth, async (context) => {
    const number = await block();
    const body = {
      status: number === undefined ? 'chain unreachable' : 'ok',
      roles,
      nodeId: nodeId ?? null,
      chainId: chain.viemChain.id,
      block: number === undefined ? null : Number(number),
      settlement: chain.contracts.AttributionSettlement,
    };
    return context.json(body, number === undefined ? 503 : 200);
  });

  // The server listens only after every role has started, so what is left to ask is whether the chain answers.
  addOperation(app, readReady, async (context) => {
    const answers = (await block()) !== undefined;
    return context.json({ ready: answers }, answers ? 200 : 503);
  });

  addOperation(app, readMetrics, async (context) => {
    context.header('content-type', telemetry.contentType);
    return context.body(await telemetry.metrics());
  });

  return app;
}
