import {
  A2A_CONTENT_TYPE,
  A2A_VERSION_HEADER,
  AgentCard,
  Extensions,
  HTTP_EXTENSION_HEADER,
} from '@a2a-js/sdk';
import {
  DefaultRequestHandler,
  defaultServerCallContextBuilder,
  JsonRpcTransportHandler,
  UnauthenticatedUser,
  validateVersion,
} from '@a2a-js/sdk/server';
import type { Chain } from '../chain/chain.ts';
import { type Api, addOperation, createApi, readJson } from '../gateway/operation.ts';
import type { Ask } from '../x402/ask.ts';
import { agentCard, registration } from './card.ts';
import { createExecutor } from './executor.ts';
import { readCard, readRegistration, sendToAgent } from './operations.ts';
import { createTaskStore } from './tasks.ts';

export type AgentRouteDeps = {
  chain: Chain;
  nodeId: number;
  /** Undefined where nothing is paid by x402: then there is nothing to hire. */
  ask: Ask | undefined;
  defaultModel(): Promise<string>;
};

/** The node as an agent of A2A 1.0, and its registration file of ERC-8004. */
export function agentRoutes({ chain, nodeId, ask, defaultModel }: AgentRouteDeps): Api {
  const app = createApi();
  const originOf = (url: string) => new URL(url).origin;
  addOperation(app, readRegistration, ({ json, req }) =>
    json(registration(chain, nodeId, originOf(req.url), ask !== undefined)),
  );
  if (ask === undefined) return app;

  addOperation(app, readCard, ({ json, req }) =>
    json(AgentCard.toJSON(agentCard(nodeId, originOf(req.url))) as Record<string, unknown>),
  );

  const own = agentCard(nodeId, '');
  const requests = new DefaultRequestHandler(own, createTaskStore(), createExecutor({ ask, defaultModel }));
  const rpc = new JsonRpcTransportHandler(requests);
  addOperation(app, sendToAgent, async (context) => {
    const body = await readJson(context);
    const answer = (value: unknown, headers: Record<string, string> = {}) =>
      new Response(JSON.stringify(value), { headers: { 'content-type': A2A_CONTENT_TYPE, ...headers } });
    try {
      const call = defaultServerCallContextBuilder({
        extensions: Extensions.parseServiceParameter(context.req.header(HTTP_EXTENSION_HEADER)),
        user: new UnauthenticatedUser(),
        headers: context.req.header(),
        requestedVersion: context.req.header(A2A_VERSION_HEADER),
      });
      validateVersion(call.requestedVersion, own, 'JSONRPC');
      const result = await rpc.handle(body, call);
      if (Symbol.asyncIterator in result) throw new Error('The agent card says that nothing is streamed.');
      const activated = [...(call.activatedExtensions ?? [])].join(', ');
      return answer(result, activated === '' ? {} : { [HTTP_EXTENSION_HEADER]: activated });
    } catch (error) {
      const id = typeof body.id === 'string' || typeof body.id === 'number' ? body.id : null;
      return answer({ jsonrpc: '2.0', id, error: JsonRpcTransportHandler.mapToJSONRPCError(error) });
    }
  });
  return app;
}
