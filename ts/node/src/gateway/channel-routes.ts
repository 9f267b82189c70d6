import { Hono } from 'hono';
import { type Hex, isHex } from 'viem';
import { NodeError } from '../errors.ts';
import { type ChainChannel, unsignedReceipts, voucherFor } from '../ledger/channel.ts';
import type { ReceiptEntry } from '../ledger/entries.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Calls } from './calls.ts';
import { readJson } from './chat-routes.ts';
import { jsonResponse } from './json.ts';
import { parseBody, voucherBody } from './openai.ts';

export type ChannelRouteDeps = {
  calls: Calls;
  ledger: Ledger;
  readChannel(channelId: Hex): Promise<ChainChannel>;
};

/** `POST /v1/vouchers` and `GET /v1/channels/:id`. */
export function channelRoutes(deps: ChannelRouteDeps): Hono {
  const app = new Hono();

  app.post('/v1/vouchers', async (context) => {
    const voucher = parseBody(voucherBody, await readJson(context));
    const result = await deps.calls.acceptVoucher(voucher);
    return jsonResponse({
      accepted: true,
      known: result === 'known',
      epoch: voucher.epoch,
      cumulativeFee: voucher.cumulativeFee,
    });
  });

  app.get('/v1/channels/:id', async (context) => {
    const id = context.req.param('id').toLowerCase();
    if (!isHex(id) || id.length !== 66) {
      throw new NodeError('bad_request', `"${id}" is not a channel id.`, 'Use 0x and 64 hexadecimal digits.');
    }
    const chain = await deps.readChannel(id);
    const state = deps.ledger.channel(id);
    const current = state?.current;
    const unsigned = unsignedReceipts(current);
    return jsonResponse({
      channelId: id,
      consumer: chain.consumer,
      signer: chain.signer,
      nodeId: chain.nodeId,
      deposit: chain.deposit,
      settled: chain.settled,
      epoch: chain.epoch,
      exitAt: chain.exitAt,
      defaulted: state?.defaulted ?? false,
      /** The running epoch: what was served, and the voucher that would cover all of it. */
      current:
        current === undefined
          ? null
          : {
              epoch: current.epoch,
              settledFee: current.settledFee,
              signedReceipts: current.receipts.length - unsigned.length,
              receipts: current.receipts.map(publicReceipt),
              unsigned: unsigned.map(({ hash }) => hash),
              voucher: unsigned.length === 0 ? null : voucherFor(id, current),
            },
      /** Epochs on their way to the chain. */
      settling: (state?.sealed ?? [])
        .filter(({ epoch }) => epoch >= chain.epoch)
        .map(({ epoch, voucher }) => ({ epoch, cumulativeFee: voucher?.cumulativeFee })),
    });
  });

  return app;
}

function publicReceipt(entry: ReceiptEntry) {
  return { ...entry.receipt, hash: entry.hash, nodeSignature: entry.nodeSignature };
}
