import { CliError } from '../error.ts';

/** One JSON-RPC call for the methods that only a development chain has. */
export async function rpc<T>(url: string, method: string, params: unknown[]): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(30_000),
  });
  const body = (await response.json()) as { result?: T; error?: { message: string } };
  if (body.error) throw new CliError(`${method}: ${body.error.message}`);
  return body.result as T;
}

/** Moves the devnet's clock forward and makes a block, so that nobody waits for a window to pass. */
export async function advanceClock(url: string, seconds: number): Promise<void> {
  await rpc(url, 'evm_increaseTime', [seconds]);
  await rpc(url, 'evm_mine', []);
}
