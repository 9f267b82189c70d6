import type { AgentCard } from '@a2a-js/sdk';
import type { Chain } from '../chain/chain.ts';

/** The x402 extension of A2A: how a task says what to pay, and a message that it was paid. */
export const X402_EXTENSION = 'https://github.com/google-agentic-commerce/a2a-x402/blob/main/spec/v0.2';
const REGISTRATION_TYPE = 'https://eips.ethereum.org/EIPS/eip-8004#registration-v1';
const DESCRIPTION =
  'Answers questions with models whose data is paid: each answer has a receipt, and its fee goes to who contributed.';

/** The agent card of A2A 1.0, for an interface at `origin`. */
export function agentCard(nodeId: number, origin: string): AgentCard {
  return {
    name: `OpenLedger node ${nodeId}`,
    description: DESCRIPTION,
    version: '0.1.0',
    provider: undefined,
    supportedInterfaces: [
      { url: `${origin}/a2a`, protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' },
    ],
    capabilities: {
      streaming: false,
      pushNotifications: false,
      extensions: [
        {
          uri: X402_EXTENSION,
          description: 'Every answer is paid with x402: schemes exact and auth-capture.',
          required: true,
          params: undefined,
        },
      ],
    },
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain', 'application/json'],
    skills: [
      {
        id: 'ask',
        name: 'Ask a model',
        description:
          'The text of the message is the question. Its metadata may have "openledger": {"model", "datanets", "rows", "maxTokens"}. The answer comes with its sources and a receipt.',
        tags: ['inference', 'attribution', 'retrieval'],
        examples: ['What is the tower of Gull Finger built of?'],
        inputModes: [],
        outputModes: [],
        securityRequirements: [],
      },
    ],
    signatures: [],
  };
}

/** The registration file of ERC-8004: what the agent's URI in the registry leads to. */
export function registration(chain: Chain, nodeId: number, origin: string, paid: boolean) {
  return {
    type: REGISTRATION_TYPE,
    name: `OpenLedger node ${nodeId}`,
    description: DESCRIPTION,
    services: [
      ...(paid ? [{ name: 'A2A', endpoint: `${origin}/.well-known/agent-card.json`, version: '1.0' }] : []),
      { name: 'MCP', endpoint: `${origin}/mcp`, version: '2026-07-28' },
      { name: 'OpenAI', endpoint: `${origin}/v1` },
    ],
    x402Support: paid,
    active: true,
    registrations: [
      { agentId: nodeId, agentRegistry: `eip155:${chain.viemChain.id}:${chain.contracts.AgentRegistry}` },
    ],
    supportedTrust: ['reputation', 'crypto-economic'],
  };
}
