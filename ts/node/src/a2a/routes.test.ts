import { A2A_VERSION_HEADER, HTTP_EXTENSION_HEADER } from '@a2a-js/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { checkAnswers } from '../../test/support/check-answers.ts';
import { createApp } from '../gateway/app.ts';
import { createLog } from '../log.ts';
import type { Ask } from '../x402/ask.ts';
import { PaymentRefused } from '../x402/payments.ts';
import { X402_EXTENSION } from './card.ts';
import { agentRoutes } from './routes.ts';

const ORIGIN = 'http://127.0.0.1';
const REGISTRY = `0x${'a9'.repeat(20)}`;
const chain = { viemChain: { id: 31337 }, contracts: { AgentRegistry: REGISTRY } } as never;
const required = {
  x402Version: 2,
  resource: { url: 'a2a://skill/ask', description: '', mimeType: 'text/plain' },
  accepts: [],
};

let answers: ReturnType<typeof checkAnswers>;
/** What the routes answer is what their document says. */
afterEach(() => answers.settle());

function agent(ask: Ask | undefined) {
  const routes = [agentRoutes({ chain, nodeId: 7, ask, defaultModel: async () => 'ol-2' })];
  const app = createApp({ log: createLog('silent'), routes });
  answers = checkAnswers(app);
  const read = async (path: string) => app.request(`${ORIGIN}${path}`);
  const post = async (body: string) =>
    app.request(`${ORIGIN}/a2a`, {
      method: 'POST',
      headers: { [A2A_VERSION_HEADER]: '1.0', [HTTP_EXTENSION_HEADER]: X402_EXTENSION },
      body,
    });
  const send = async (text: string) => {
    const message = { messageId: 'm', role: 'ROLE_USER', parts: [{ text }] };
    return post(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } }));
  };
  return { read, post, send };
}

describe('the node as an agent', () => {
  it('answers a question with what to pay, and says which extension of A2A that is', async () => {
    const asked: string[] = [];
    const { send } = agent(async ({ model, question }) => {
      asked.push(`${model}: ${question}`);
      throw new PaymentRefused({ ...required, error: 'Payment required' } as never);
    });
    const response = await send('Who kept the light?');
    expect(response.headers.get(HTTP_EXTENSION_HEADER)).toBe(X402_EXTENSION);
    const { result } = await response.json();
    expect(asked).toEqual(['ol-2: Who kept the light?']);
    expect(result.task.status).toMatchObject({
      state: 'TASK_STATE_INPUT_REQUIRED',
      message: { metadata: { 'x402.payment.status': 'payment-required' } },
    });
  });

  it('answers what is no request in the protocol where it can, and else as its other routes do', async () => {
    const { post } = agent(() => Promise.reject(new Error('not asked')));
    expect(
      await (await post('{"jsonrpc":"2.0","id":3,"method":"Nothing","params":{}}')).json(),
    ).toMatchObject({
      id: 3,
      error: { code: -32601 },
    });
    expect((await post('no JSON')).status).toBe(400);
  });

  it('has no card where nobody can pay, and says so in its registration', async () => {
    const paid = agent(() => Promise.reject(new Error('not asked')));
    expect((await (await paid.read('/.well-known/agent-card.json')).json()).supportedInterfaces).toEqual([
      { url: `${ORIGIN}/a2a`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
    ]);
    await answers.settle();
    const unpaid = agent(undefined);
    expect((await unpaid.read('/.well-known/agent-card.json')).status).toBe(404);
    const file = await (await unpaid.read('/.well-known/agent-registration.json')).json();
    expect(file).toMatchObject({ x402Support: false, registrations: [{ agentId: 7 }] });
    expect(file.services.map(({ name }: { name: string }) => name)).toEqual(['MCP', 'OpenAI']);
  });
});
