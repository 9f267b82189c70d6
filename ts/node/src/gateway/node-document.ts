import { agentRoutes } from '../a2a/routes.ts';
import { createLog } from '../log.ts';
import { mcpRoutes } from '../mcp/server.ts';
import { proverRoutes } from '../prover/routes.ts';
import { trainerRoutes } from '../trainer/routes.ts';
import { validatorRoutes } from '../validator/routes.ts';
import { adapterRoutes } from './adapter-routes.ts';
import { createApp } from './app.ts';
import { channelRoutes } from './channel-routes.ts';
import { chatRoutes } from './chat-routes.ts';
import { openApiOf } from './document.ts';
import { embeddingRoutes } from './embedding-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { modelRoutes } from './model-routes.ts';
import type { Api } from './operation.ts';
import { proofRoutes } from './proof-routes.ts';
import { receiptRoutes } from './receipt-routes.ts';
import { storeRoutes } from './store-routes.ts';

/** The interface of a node with every role, of which nothing can be called: nothing is behind it. */
export function wholeInterface(): Api {
  const nothing = {} as never;
  return createApp({
    log: createLog('silent'),
    routes: [
      chatRoutes(nothing),
      embeddingRoutes(nothing),
      channelRoutes(nothing),
      receiptRoutes(nothing),
      proofRoutes(nothing),
      modelRoutes(nothing),
      adapterRoutes(nothing),
      trainerRoutes(nothing),
      proverRoutes(nothing),
      validatorRoutes(nothing, 0, nothing),
      storeRoutes(nothing, 0),
      healthRoutes(nothing),
      mcpRoutes(nothing),
      agentRoutes({ chain: nothing, nodeId: 0, ask: nothing, defaultModel: nothing, caller: nothing }),
    ],
  });
}

/** The OpenAPI document of a node with every role: docs/openapi.json. */
export function nodeDocument() {
  return openApiOf(wholeInterface(), 'http://127.0.0.1:8650');
}
