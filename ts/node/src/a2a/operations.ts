import { A2A_CONTENT_TYPE, A2A_VERSION_HEADER, HTTP_EXTENSION_HEADER } from '@a2a-js/sdk';
import { z } from '@hono/zod-openapi';
import { jsonRpcAnswer, jsonRpcRequest } from '../gateway/json-rpc.ts';
import type { Operation } from '../gateway/operation.ts';
import { natural } from '../gateway/schemas.ts';

const card = z
  .looseObject({
    name: z.string(),
    description: z.string(),
    version: z.string(),
    supportedInterfaces: z.array(
      z.object({ url: z.string(), protocolBinding: z.string(), protocolVersion: z.string() }),
    ),
    capabilities: z.looseObject({}),
    skills: z.array(z.looseObject({ id: z.string(), name: z.string() })),
  })
  .openapi('AgentCard', { description: 'As A2A 1.0 defines it.' });

const registrationFile = z
  .object({
    type: z.string(),
    name: z.string(),
    description: z.string(),
    services: z.array(z.object({ name: z.string(), endpoint: z.string(), version: z.string().optional() })),
    x402Support: z.boolean(),
    active: z.boolean(),
    registrations: z.array(z.object({ agentId: natural, agentRegistry: z.string() })),
    supportedTrust: z.array(z.string()),
  })
  .openapi('AgentRegistration', { description: 'As ERC-8004 defines it.' });

/** `GET /.well-known/agent-registration.json`. */
export const readRegistration = {
  method: 'get',
  path: '/.well-known/agent-registration.json',
  tag: 'agents',
  summary: "The node's registration file of ERC-8004: where its URI in the registry leads",
  answer: { description: 'The file.', json: registrationFile },
} as const satisfies Operation<unknown, unknown, unknown>;

/** `GET /.well-known/agent-card.json`. */
export const readCard = {
  method: 'get',
  path: '/.well-known/agent-card.json',
  tag: 'agents',
  summary: "The node's agent card of A2A 1.0",
  description: 'Only where the node takes x402.',
  answer: { description: 'The card.', json: card },
  refusals: [404],
} as const satisfies Operation<unknown, unknown, unknown>;

/** `POST /a2a`. */
export const sendToAgent = {
  method: 'post',
  path: '/a2a',
  tag: 'agents',
  summary: 'The Agent2Agent protocol: ask a question as a task, and pay for it',
  description:
    'JSON-RPC of A2A 1.0 without streaming. The first `SendMessage` ends as a task that says what to pay, the second carries the payment (x402 extension, standalone flow; docs/agents.md). Only where the node takes x402.',
  headers: z.object({
    [A2A_VERSION_HEADER.toLowerCase()]: z.string().openapi({ example: '1.0' }),
    [HTTP_EXTENSION_HEADER.toLowerCase()]: z
      .string()
      .openapi({ description: 'URIs with commas; to ask, that of the x402 extension in the card.' }),
  }),
  foreignBody: jsonRpcRequest,
  answer: { description: 'The answer, errors included.', json: jsonRpcAnswer, jsonType: A2A_CONTENT_TYPE },
  refusals: [404],
} as const satisfies Operation<unknown, unknown, unknown>;
