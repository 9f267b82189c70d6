import { afterEach, describe, expect, it } from 'vitest';
import { checkAnswers } from '../../test/support/check-answers.ts';
import { createApp } from '../gateway/app.ts';
import { createLog } from '../log.ts';
import { mcpRoutes } from './server.ts';

const nothing = {} as never;
const app = createApp({
  log: createLog('silent'),
  routes: [
    mcpRoutes({
      ...{ nodeId: 7, ledger: nothing, reader: nothing, state: nothing, contributions: async () => [] },
      ...{ datanets: async () => [], ask: undefined, payouts: undefined },
    }),
  ],
});
const answers = checkAnswers(app);
/** What the route answers is what its document says. */
afterEach(() => answers.settle());

const post = async (body: string, accept = 'application/json, text/event-stream') =>
  app.request('http://127.0.0.1/mcp', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body,
  });
const rpc = async (method: string, params: unknown) =>
  post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));

describe('the node as a server of MCP', () => {
  it('has no tool to ask with where nobody can pay, and none for rewards where nobody settles', async () => {
    const text = await (await rpc('tools/list', {})).text();
    const [line] = text.split('\n').filter((one) => one.startsWith('data: {'));
    const { result } = JSON.parse(line.slice('data: '.length));
    expect(result.tools.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      'explain_receipt',
      'list_datanets',
    ]);
  });

  it('refuses what is not MCP in its own way', async () => {
    expect((await post('no JSON')).status).toBe(400);
    expect((await rpc('nothing', {})).status).toBe(200);
    expect((await post('{}', 'text/html')).status).toBeGreaterThanOrEqual(400);
    expect((await app.request('http://127.0.0.1/mcp')).status).toBe(405);
  });
});
