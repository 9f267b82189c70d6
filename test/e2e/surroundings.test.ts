import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devnetAt, type TestDevnet } from './devnet.ts';

describe('a devnet in bad surroundings', () => {
  let devnet: TestDevnet;

  beforeAll(async () => {
    devnet = await devnetAt(mkdtempSync(join(tmpdir(), 'openledger-surroundings-')));
  });
  afterAll(() => rmSync(devnet.home, { recursive: true, force: true }));

  /** Starts the devnet while something else answers where its chain should. */
  async function startBeside(other: RequestListener) {
    const server = createServer(other);
    const port = Number(devnet.env.OPENLEDGER_RPC_PORT);
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    const { code, stdout, stderr } = await devnet.cli('devnet', 'up');
    server.close();
    await devnet.cli('devnet', 'down');
    return { code, output: stdout + stderr };
  }

  it('names the port that another program uses, and the variable that moves it', async () => {
    const { code, output } = await startBeside((_, response) => response.end('not a chain'));
    expect(code).toBe(1);
    expect(output).toContain(`Port ${devnet.env.OPENLEDGER_RPC_PORT}`);
    expect(output).toContain('OPENLEDGER_RPC_PORT');
  });

  it('refuses a chain with another id', async () => {
    const { code, output } = await startBeside((request, response) => {
      request.resume();
      response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: '0x1' }));
    });
    expect(code).toBe(1);
    expect(output).toContain('serves chain 1, not 31337');
  });

  it('says what is wrong with a receipt file', async () => {
    const { code, stderr } = await devnet.cli('receipt', 'verify', devnet.home);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot be read as a receipt');
  });

  it('says what is wrong with a setting', async () => {
    devnet.env.OPENLEDGER_NODE_PORT = `${devnet.env.OPENLEDGER_NODE_PORT}00000`;
    const { code, stderr } = await devnet.cli('devnet', 'status');
    expect(code).toBe(1);
    expect(stderr).toContain('OPENLEDGER_NODE_PORT');
  });

  it('has left nothing behind', () => {
    expect(readdirSync(devnet.home)).not.toContain('chain');
  });
});
