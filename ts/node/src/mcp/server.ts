import { z } from '@hono/zod-openapi';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { parseAsset } from '@openledger/sdk/protocol/assets';
import { isAddressEqual, isHex } from 'viem';
import type { AcceptedContribution } from '../chain/contributions.ts';
import type { ListedDatanet } from '../chain/datanets.ts';
import { NodeError } from '../errors.ts';
import { toJson } from '../gateway/json.ts';
import { jsonRpcAnswer, jsonRpcRequest } from '../gateway/json-rpc.ts';
import { type Api, addOperation, createApi, type Operation } from '../gateway/operation.ts';
import { type ReceiptViewDeps, viewReceipt } from '../gateway/receipt-view.ts';
import type { listPayouts } from '../prover/payouts.ts';
import type { Ask } from '../x402/ask.ts';
import { PaymentRefused } from '../x402/payments.ts';

export type McpDeps = ReceiptViewDeps & {
  datanets(): Promise<ListedDatanet[]>;
  contributions(): Promise<AcceptedContribution[]>;
  /** Undefined where nothing is paid by x402: then there is no tool to ask with, rather than one that is free. */
  ask: Ask | undefined;
  /** Undefined without the prover's role. */
  payouts: ((asset: number | undefined) => ReturnType<typeof listPayouts>) | undefined;
};

/** Keys of x402's MCP transport. */
const PAYMENT = 'x402/payment';
const PAYMENT_RESPONSE = 'x402/payment-response';
const ASK_RESOURCE = {
  url: 'mcp://tool/ask',
  description: 'An answer with its receipt',
  mimeType: 'application/json',
};

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const hash = z.string().regex(/^0x[0-9a-fA-F]{64}$/);

const callTools = {
  method: 'post',
  path: '/mcp',
  tag: 'agents',
  summary: 'The Model Context Protocol: tools to ask, to explain a receipt and to check rewards',
  description:
    'Streamable HTTP, stateless, of the 2026-07-28 revision and those before it. `ask` is paid in the metadata of the call (docs/agents.md). `tools/list` has the schemas of the tools.',
  headers: z.object({
    accept: z.string().openapi({ description: 'Both `application/json` and `text/event-stream`.' }),
    'mcp-protocol-version': z.string().optional(),
  }),
  foreignBody: jsonRpcRequest,
  answer: { description: 'The answer in JSON-RPC.', json: jsonRpcAnswer, events: jsonRpcAnswer },
  otherAnswers: {
    202: { description: 'A notification was taken.' },
    400: { description: 'Not a request of MCP.', json: jsonRpcAnswer },
    406: { description: 'An accept header that does not name both types.', json: jsonRpcAnswer },
    415: { description: 'Not JSON.', json: jsonRpcAnswer },
  },
} as const satisfies Operation<unknown, unknown, unknown>;

/** The node as a server of MCP at `/mcp`, stateless, for clients of both eras of the protocol. */
export function mcpRoutes(deps: McpDeps): Api {
  const handler = createMcpHandler(() => createServer(deps));
  const app = createApi();
  addOperation(app, callTools, (context) => handler.fetch(context.req.raw));
  // The other methods are refused in the protocol's way.
  app.all('/mcp', (context) => handler.fetch(context.req.raw));
  return app;
}

function createServer(deps: McpDeps): McpServer {
  const server = new McpServer({ name: 'openledger-node', version: '0.1.0' });

  server.registerTool(
    'list_datanets',
    {
      description:
        'Lists the datanets: community datasets whose contributors are paid for what models say with them.',
      inputSchema: z.object({}),
      annotations: { readOnlyHint: true },
    },
    async () => {
      const [datanets, contributions] = await Promise.all([deps.datanets(), deps.contributions()]);
      return result({
        datanets: datanets.map((datanet) => {
          const own = contributions.filter((one) => one.datanet === datanet.id);
          return {
            ...datanet,
            contributions: own.length,
            rows: own.reduce((sum, one) => sum + one.rowCount, 0),
          };
        }),
      });
    },
  );

  server.registerTool(
    'explain_receipt',
    {
      description:
        'Says who is paid how much for an answer, for which evidence, and how far its settlement is. Texts only of public receipts, or with the salt.',
      inputSchema: z.object({ receipt: hash, salt: hash.optional() }),
      annotations: { readOnlyHint: true },
    },
    async ({ receipt, salt }) => {
      const entry = isHex(receipt) ? await deps.ledger.receipt(receipt) : undefined;
      if (entry === undefined)
        return failure(`There is no receipt ${receipt} here. Ask the node that issued it.`);
      await deps.reader.sync();
      return result(await viewReceipt(deps, entry, salt));
    },
  );

  const { ask, payouts } = deps;
  if (payouts !== undefined) {
    server.registerTool(
      'check_rewards',
      {
        description:
          'What this node has to pay out to an account for its contributions: settled, paid and payable, in wei of OPEN.',
        inputSchema: z.object({ account: address }),
        annotations: { readOnlyHint: true },
      },
      async ({ account }) => {
        const own = (await deps.contributions()).filter(
          ({ contributor }) => isHex(account) && isAddressEqual(contributor, account),
        );
        const assets = new Set(own.map(({ asset }) => asset));
        const settled = await payouts(undefined);
        return result({
          account,
          // Contributions by who made them: a token that was sold pays its owner now.
          contributions: own.map(({ id, asset, datanet }) => ({ id, asset, datanet })),
          payouts: settled.payouts
            .filter(({ asset }) => assets.has(asset))
            .map(({ asset, cumulative, paid, payable }) => ({
              token: parseAsset(asset),
              cumulative,
              paid,
              payable,
            })),
          baselines: settled.baselines
            .filter(({ asset }) => assets.has(asset))
            .map(({ modelId, asset, taken, payable }) => ({
              modelId,
              token: parseAsset(asset),
              taken,
              payable,
            })),
        });
      },
    );
  }

  if (ask !== undefined) {
    server.registerTool(
      'ask',
      {
        description:
          'Asks a model (ol-<id>, see GET /v1/models) and gets the answer with its sources and a receipt. Paid with x402: without a payment the result says what to pay.',
        inputSchema: z.object({
          model: z.string().min(1).max(200),
          question: z.string().min(1).max(100_000),
          datanets: z.array(z.number().int().min(1)).min(1).max(16).optional(),
          rows: z.number().int().min(1).max(16).optional(),
          maxTokens: z.number().int().min(1).max(4096).optional(),
        }),
      },
      async (question, context) => {
        try {
          const payment = context.mcpReq._meta?.[PAYMENT];
          const { text, receipt, settlement } = await ask(
            question,
            ASK_RESOURCE,
            payment,
            context.mcpReq.signal,
          );
          return {
            ...result({ answer: text, openledger: receipt }),
            _meta: { [PAYMENT_RESPONSE]: settlement },
          };
        } catch (error) {
          if (error instanceof PaymentRefused) return { ...result(error.required), isError: true };
          if (error instanceof NodeError) return failure(`${error.message} ${error.hint}`);
          throw error;
        }
      },
    );
  }
  return server;
}

/** A result twice, as MCP asks: structured, and as text for clients that read only that. */
function result(value: unknown) {
  const text = toJson(value);
  return { structuredContent: JSON.parse(text), content: [{ type: 'text' as const, text }] };
}

function failure(text: string) {
  return { content: [{ type: 'text' as const, text }], isError: true };
}
