import { Hono } from 'hono';
import type { Chain } from '../chain/chain.ts';
import type { Role } from '../config.ts';
import type { Telemetry } from '../telemetry.ts';

export type HealthRouteDeps = {
  chain: Chain;
  roles: readonly Role[];
  nodeId: number | undefined;
  telemetry: Telemetry;
};

/**
 * `GET /health`: alive, with what the node is. `GET /ready`: 200 when calls can be served, which needs the chain.
 * `GET /metrics`: for Prometheus.
 */
export function healthRoutes({ chain, roles, nodeId, telemetry }: HealthRouteDeps): Hono {
  const app = new Hono();
  const block = () => chain.client.getBlockNumber().catch(() => undefined);

  app.get('/health', async (context) => {
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
  app.get('/ready', async (context) => {
    const ready = (await block()) !== undefined;
    return context.json({ ready }, ready ? 200 : 503);
  });

  app.get('/metrics', async (context) => {
    context.header('content-type', telemetry.contentType);
    return context.body(await telemetry.metrics());
  });

  return app;
}
