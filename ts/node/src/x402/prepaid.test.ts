import { voucherTypedData } from '@openledger/sdk/protocol/vouchers';
import { afterEach, describe, expect, it } from 'vitest';
import {
  channelId,
  chat,
  consumer,
  createTestGateway,
  escrow,
  fakeEngine,
  nodeAddress,
} from '../../test/support/gateway.ts';
import type { Prepaid } from '../gateway/plan.ts';
import { openLedger } from '../ledger/ledger.ts';

let gateway: Awaited<ReturnType<typeof createTestGateway>>;
afterEach(() => gateway.close());

const FEE = 7_000_000_000_000_000n;

/** A payment of FEE; the consumer's key stands in for the node's. */
function prepaid(order: string[] = []): Prepaid {
  return {
    fee: FEE,
    maxTokens: 3,
    secure: async () => {
      order.push('secured');
      return gateway.channel;
    },
    sign: (voucher) => consumer.signTypedData(voucherTypedData(escrow, voucher)),
    describe: () => ({
      payment: { scheme: 'exact', payer: consumer.address, amount: FEE, channelId },
    }),
  };
}

const ask = () =>
  gateway.app.request('/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify(chat({ max_tokens: 9 })),
  });

describe('a prepaid call', () => {
  it('has one receipt at its price with a voucher in the same write, and the last answer need not be signed', async () => {
    gateway = await createTestGateway();
    const done = gateway.calls.prepay(channelId, prepaid());
    const { openledger, usage } = await (await ask()).json();
    done();
    expect(openledger.receipt.fee).toBe(FEE.toString());
    expect(openledger.payment).toMatchObject({ payer: consumer.address, amount: FEE.toString() });
    expect(usage.completion_tokens).toBe(3);
    const replayed = await openLedger(gateway.path);
    const [voucher] = replayed.redeemable();
    expect(voucher).toMatchObject({ receiptCount: 1, cumulativeFee: FEE });
    await replayed.close();
  });

  it('secures its price before the first token, and leaves nothing behind when the engine fails', async () => {
    const order: string[] = [];
    gateway = await createTestGateway(
      fakeEngine(['a'], {
        beforeToken: async () => {
          order.push('token');
          throw new Error('engine down');
        },
      }),
    );
    const done = gateway.calls.prepay(channelId, prepaid(order));
    expect((await ask()).status).toBe(500);
    done();
    expect(order).toEqual(['secured', 'token']);
    expect(await gateway.ledger.receipts(1)).toEqual([]);
    expect(gateway.ledger.redeemable()).toEqual([]);
  });

  it('is the only one that a channel with the node’s own key serves', async () => {
    gateway = await createTestGateway();
    gateway.channel.signer = nodeAddress;
    const refused = await ask();
    expect(refused.status).toBe(403);
    expect((await refused.json()).error.message).toContain('for that call alone');
  });
});
