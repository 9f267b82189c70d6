import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { loadBase } from '@openledger/engine/model/base';
import { reputationRegistryAbi } from '@openledger/sdk/abis';
import type { PaymentRequired } from '@x402/core/types';
import { type Hex, parseEther } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChain, type TestChain } from '../../../test/e2e/chain.ts';
import type { Chain } from '../src/chain/chain.ts';
import { openFolderStore } from '../src/store/folder-store.ts';
import { untrained } from './support/adapter.ts';
import { type NodeProcess, startNode } from './support/node-process.ts';
import { payerOf, wrapOpen } from './support/payer.ts';
import { connect, publishWorld } from './support/world.ts';

const BASE = join(import.meta.dirname, '../../models/base');
const EXAMPLE = join(import.meta.dirname, '../../examples/src/agent-to-agent.ts');
const [NODE, CONSUMER, HIRER] = [13, 16, 18];

describe('the node among agents, on a real chain', () => {
  let devnet: TestChain;
  let chain: Chain;
  let home: string;
  let node: NodeProcess;
  let mcp: Client;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'openledger-agents-'));
    devnet = await startChain();
    chain = await connect(devnet);
    const base = await loadBase(BASE);
    const store = await openFolderStore({ folder: join(home, 'node/store') });
    await publishWorld(devnet, chain, store, { baseHash: base.weightsHash, learn: untrained(base) });
    node = await startNode(
      ['--home', join(home, 'node'), '--rpc', devnet.rpc, '--deployment', devnet.deployment],
      { OPENLEDGER_NODE_KEY: devnet.key(NODE) },
    );
    await wrapOpen(chain, devnet.account(CONSUMER), parseEther('5'));
    mcp = new Client({ name: 'test', version: '1' });
    await mcp.connect(new StreamableHTTPClientTransport(new URL(`${node.url}/mcp`)));
  });

  afterAll(async () => {
    await mcp?.close();
    node?.child.kill('SIGKILL');
    await devnet?.close();
    await rm(home, { recursive: true, force: true });
  });

  const call = (name: string, args: Record<string, unknown>, meta?: Record<string, unknown>) =>
    mcp.callTool({ name, arguments: args, ...(meta && { _meta: meta }) });

  it('lists its tools and the datanets to a client of MCP', async () => {
    const { tools } = await mcp.listTools();
    expect(tools.map(({ name }) => name).toSorted()).toEqual([
      'ask',
      'check_rewards',
      'explain_receipt',
      'list_datanets',
    ]);
    const { structuredContent } = await call('list_datanets', {});
    expect(structuredContent).toMatchObject({
      datanets: [{ id: 1, name: 'Harbour', licences: ['CC-BY-4.0'], contributions: 4, rows: 16 }],
    });
  });

  it('speaks MCP as it was before 2026, too', async () => {
    const response = await fetch(`${node.url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocolVersion: '2025-06-18',
          capabilities: {},
          clientInfo: { name: 'old', version: '1' },
        },
      }),
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('"protocolVersion":"2025-06-18"');
  });

  it('answers over MCP when it is paid with x402, explains the receipt and shows the rewards', async () => {
    const payer = payerOf(chain, devnet.account(CONSUMER));
    const question = {
      model: 'ol-2',
      question: 'What is told of house 2?',
      datanets: [1],
      rows: 2,
      maxTokens: 8,
    };
    const refused = await call('ask', question);
    expect(refused.isError).toBe(true);
    const required = refused.structuredContent as PaymentRequired;
    expect(JSON.parse((refused.content[0] as { text: string }).text)).toEqual(required);
    const payment = await payer.http.createPaymentPayload(required);
    const paid = await call('ask', question, { 'x402/payment': payment });
    expect(paid.isError).not.toBe(true);
    const { openledger } = paid.structuredContent as {
      openledger: { receiptHash: Hex; salt: Hex; fee: string; citations: unknown[] };
    };
    expect(paid._meta?.['x402/payment-response']).toMatchObject({ success: true, amount: openledger.fee });
    expect(openledger.citations).toHaveLength(2);
    // A payment pays once, and not for another question.
    const again = await call('ask', question, { 'x402/payment': payment });
    expect(again.structuredContent).toMatchObject({ error: 'invalid_exact_evm_nonce_already_used' });

    const { receiptHash: receipt, salt } = openledger;
    const explained = await call('explain_receipt', { receipt, salt });
    expect(explained.structuredContent).toMatchObject({ status: 'signed', citations: [{}, {}] });
    const closed = await call('explain_receipt', { receipt });
    expect(closed.structuredContent).toMatchObject({ request: null, output: null });

    expect((await node.settle()).json).toMatchObject({ settled: true });
    await devnet.travel(31);
    const rewards = await Promise.all(
      [2, 3, 4, 5].map((index) => call('check_rewards', { account: devnet.account(index).address })),
    );
    const payable = rewards
      .flatMap(({ structuredContent }) => (structuredContent as Rewards).payouts)
      .reduce((sum, one) => sum + BigInt(one.payable), 0n);
    expect(payable).toBeGreaterThan(0n);
    const nobody = await call('check_rewards', { account: devnet.account(19).address });
    expect(nobody.structuredContent).toMatchObject({ contributions: [], payouts: [], baselines: [] });
  });

  it('is found by another agent in the registry, hired over A2A, paid in OPEN and rated', async () => {
    const env = { ...process.env, OPENLEDGER_RPC_URL: devnet.rpc, OPENLEDGER_DEPLOYMENT: devnet.deployment };
    const { stdout } = await promisify(execFile)(process.execPath, [EXAMPLE, 'What is told of light 3?'], {
      env,
    });
    const [, receipt] = stdout.match(/Receipt (0x[0-9a-f]{64}), 0\.\d+ OPEN, signed by agent 1/) ?? [];
    expect(receipt, stdout).toBeDefined();
    const { json } = await node.request<{ status: string; receipt: { fee: string } }>(
      `/v1/receipts/${receipt}`,
    );
    expect(json.status).toBe('signed');
    const [count, value] = await chain.client.readContract({
      address: chain.contracts.ReputationRegistry,
      abi: reputationRegistryAbi,
      functionName: 'getSummary',
      args: [1n, [devnet.account(HIRER).address], '', ''],
    });
    expect([count, value]).toEqual([1n, 100n]);
    expect((await node.settle()).json).toMatchObject({ settled: true, fees: json.receipt.fee });
  });

  it('shows its card, and refuses what A2A does not allow', async () => {
    const card = await (await fetch(`${node.url}/.well-known/agent-card.json`)).json();
    expect(card.supportedInterfaces).toEqual([
      { url: `${node.url}/a2a`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
    ]);
    expect(card.capabilities.extensions[0]).toMatchObject({ required: true });
    const rpc = async (
      method: string,
      params: unknown,
      version = '1.0',
      extensions = card.capabilities.extensions[0].uri,
    ) => {
      const response = await fetch(`${node.url}/a2a`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'a2a-version': version, 'a2a-extensions': extensions },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      });
      return response.json();
    };
    expect((await rpc('ListTasks', {})).result.tasks ?? []).toEqual([]);
    expect((await rpc('GetTask', { id: 'unknown' })).error).toBeDefined();
    expect((await rpc('ListTasks', {}, '0.2')).error).toBeDefined();
    const empty = { messageId: 'm', role: 'ROLE_USER', parts: [{ text: '' }] };
    const { result } = await rpc('SendMessage', { message: empty });
    expect(result.task.status.state).toBe('TASK_STATE_REJECTED');
    // Who does not know how to pay is told so by the protocol.
    expect((await rpc('SendMessage', { message: empty }, '1.0', '')).error.code).toBe(-32008);
  });
});

type Rewards = { payouts: { payable: string }[] };
