import type { Account, Hex } from 'viem';
import { signTypedData } from 'viem/actions';
import { type Voucher, voucherAcceptedTypedData, voucherTypedData } from '../protocol/vouchers.ts';
import type { ActionClient, OnChain } from './transact.ts';

/** Signs a voucher as the channel's signer. Needs no transaction. */
export function signVoucher(client: ActionClient, parameters: OnChain & { voucher: Voucher }): Promise<Hex> {
  const typed = voucherTypedData(escrow(parameters), parameters.voucher);
  return signTypedData(client, { account: client.account as Account, ...typed });
}

/** Accepts a voucher as the node's agent wallet, so that anyone can redeem it. Needs no transaction. */
export function signVoucherAcceptance(
  client: ActionClient,
  parameters: OnChain & { voucher: Voucher },
): Promise<Hex> {
  const typed = voucherAcceptedTypedData(escrow(parameters), parameters.voucher);
  return signTypedData(client, { account: client.account as Account, ...typed });
}

function escrow({ book }: OnChain) {
  return { chainId: book.chainId, verifyingContract: book.contracts.InferenceEscrow };
}
