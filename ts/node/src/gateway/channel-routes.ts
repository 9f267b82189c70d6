import { z } from '@hono/zod-openapi';
import type { Hex } from 'viem';
import { type ChainChannel, type ReceiptHead, unsignedReceipts, voucherFor } from '../ledger/channel.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Calls } from './calls.ts';
import { jsonResponse } from './json.ts';
import { voucherBody } from './openai.ts';
import { type Api, addOperation, createApi, type Operation } from './operation.ts';
import {
  address,
  amount,
  hash,
  hashParam,
  hexBytes,
  natural,
  receiptSchema,
  unsignedVoucher,
} from './schemas.ts';

export type ChannelRouteDeps = {
  calls: Calls;
  ledger: Ledger;
  readChannel(channelId: Hex): Promise<ChainChannel>;
};

const acceptVoucher = {
  method: 'post',
  path: '/v1/vouchers',
  tag: 'payment',
  summary: 'Pays without a next call',
  body: voucherBody,
  answer: {
    description: 'The voucher is on the disk.',
    json: z
      .object({
        accepted: z.literal(true),
        known: z.boolean(),
        epoch: natural,
        cumulativeFee: amount,
      })
      .openapi('AcceptedVoucher'),
  },
  refusals: [402, 503, 507],
} as const satisfies Operation<unknown, unknown, unknown>;

const readChannelState = {
  method: 'get',
  path: '/v1/channels/{id}',
  tag: 'payment',
  summary: 'A channel: its deposit, what was served on it, and what is left to sign',
  params: hashParam,
  answer: {
    description: 'The channel.',
    json: z
      .object({
        channelId: hash,
        consumer: address,
        signer: address,
        nodeId: natural,
        deposit: amount,
        settled: amount,
        epoch: natural,
        exitAt: natural,
        defaulted: z.boolean(),
        current: z
          .object({
            epoch: natural,
            settledFee: amount,
            signedReceipts: natural,
            receipts: z.array(receiptSchema.extend({ hash, nodeSignature: hexBytes })),
            unsigned: z.array(hash),
            voucher: unsignedVoucher.nullable(),
          })
          .nullable(),
        settling: z.array(z.object({ epoch: natural, cumulativeFee: amount.optional() })),
      })
      .openapi('Channel'),
  },
  refusals: [402, 503],
} as const satisfies Operation<unknown, unknown, unknown>;

/** `POST /v1/vouchers` and `GET /v1/channels/:id`. */
export function channelRoutes(deps: ChannelRouteDeps): Api {
  const app = createApi();

  addOperation(app, acceptVoucher, async (_, { body: voucher }) => {
    const result = await deps.calls.acceptVoucher(voucher);
    return jsonResponse({
      accepted: true,
      known: result === 'known',
      epoch: voucher.epoch,
      cumulativeFee: voucher.cumulativeFee,
    });
  });

  addOperation(app, readChannelState, async (_, { params: { id } }) => {
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

function publicReceipt(entry: ReceiptHead) {
  return { ...entry.receipt, hash: entry.hash, nodeSignature: entry.nodeSignature };
}
