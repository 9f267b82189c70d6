import { blobId } from '@openledger/sdk/protocol/store';
import { describe, expect, it } from 'vitest';
import { readBundle, recordingSources } from './bundle.ts';
import type { ReceiptSources } from './sources.ts';

const bytes = new TextEncoder().encode('a blob') as Uint8Array<ArrayBuffer>;
const hash = blobId(bytes);
const address = `0x${'11'.repeat(20)}`;
const view = JSON.stringify({
  id: `0x${'22'.repeat(32)}`,
  receipt: { fee: '7' },
  attribution: { items: [] },
});
const live = {
  book: { chainId: 1, startBlock: 0, contracts: {} },
  chain: {
    readContract: async ({ args }: { args: unknown[] }) => ({ fee: 2n ** 80n, of: args[0] }),
    getContractEvents: async () => [{ args: { terms: { uri: 'store:' } } }],
  },
  blob: async () => bytes,
} as unknown as ReceiptSources;

async function bundle(): Promise<string> {
  const { sources, encode } = recordingSources(live, view);
  await sources.chain.readContract({ address, functionName: 'terms', args: [7n] } as never);
  await sources.chain.getContractEvents({ address, eventName: 'AdapterPublished' } as never);
  await sources.blob(hash);
  return encode();
}

describe('a receipt bundle', () => {
  it('answers as the chain and the store did, big integers included', async () => {
    const { sources, view: read } = readBundle(await bundle())!;
    expect(read.receipt.fee).toBe(7n);
    const question = { address, functionName: 'terms', args: [7n], abi: [] } as never;
    expect(await sources.chain.readContract(question)).toEqual({ fee: 2n ** 80n, of: 7n });
    expect(await sources.blob(hash)).toEqual(bytes);
  });

  it('says what it was not asked when it was made', async () => {
    const { sources } = readBundle(await bundle())!;
    await expect(
      sources.chain.readContract({ address, functionName: 'terms', args: [8n] } as never),
    ).rejects.toThrow('does not say');
    await expect(sources.blob(`0x${'33'.repeat(32)}`)).rejects.toThrow('has no blob');
  });

  it('can not give other bytes than the hash names', async () => {
    const text = (await bundle()).replace(
      Buffer.from('a blob').toString('hex'),
      Buffer.from('a blub').toString('hex'),
    );
    const { sources } = readBundle(text)!;
    await expect(sources.blob(hash)).rejects.toThrow('other bytes');
  });

  it('is told apart from a receipt alone', () => {
    expect(readBundle(view)).toBeUndefined();
  });
});
