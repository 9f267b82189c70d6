import type { PaymentRequirements } from '@x402/core/types';
import { AUTH_CAPTURE_ESCROW_V1_0_ADDRESS, resolveAuthCaptureDeployment } from '@x402/evm';
import { type Address, encodeAbiParameters, type Hex, keccak256, stringToBytes, zeroAddress } from 'viem';
import { QUOTE_SECONDS } from './quotes.ts';

/** How long a hold can be captured after its price was asked for, in seconds: a node may be down for most of that. */
export const HOLD_SECONDS = 86_400;

/** Where clients expect the contracts that hold payments, on every chain: the version that the node's inbox calls. */
export const HOLD_ESCROW = deployed(AUTH_CAPTURE_ESCROW_V1_0_ADDRESS);

/** A payment of the scheme `auth-capture`, as the node's inbox takes it. Amount in wei, times in seconds. */
export type Held = {
  consumer: Address;
  maxAmount: bigint;
  preApprovalExpiry: number;
  captureDeadline: number;
  salt: bigint;
};

const TYPE =
  'PaymentInfo(address operator,address payer,address receiver,address token,uint120 maxAmount,uint48 preApprovalExpiry,uint48 authorizationExpiry,uint48 refundExpiry,uint16 minFeeBps,uint16 maxFeeBps,address feeReceiver,uint256 salt)';
const TYPEHASH = keccak256(stringToBytes(TYPE));
/** The same as parameters: what a payment is hashed from. */
const FIELDS = TYPE.slice(TYPE.indexOf('(') + 1, -1)
  .split(',')
  .map((field) => ({ type: field.slice(0, field.indexOf(' ')) }));

/** The whole payment: operated by the inbox, paid to it, and with a fee for nobody else. */
export function infoOf(held: Held, inbox: Address, token: Address) {
  const { consumer: payer, maxAmount, preApprovalExpiry, captureDeadline, salt } = held;
  return {
    ...{ operator: inbox, payer, receiver: inbox, token, maxAmount },
    ...{ preApprovalExpiry, authorizationExpiry: captureDeadline, refundExpiry: captureDeadline },
    ...{ minFeeBps: 0, maxFeeBps: 0, feeReceiver: zeroAddress, salt },
  };
}

/** A payment's name in the escrow. With no payer it is the nonce that the payer signs. */
export function paymentHash(chainId: number, info: ReturnType<typeof infoOf>): Hex {
  const fields = encodeAbiParameters(
    [{ type: 'bytes32' }, ...FIELDS],
    [
      ...[TYPEHASH, info.operator, info.payer, info.receiver, info.token, info.maxAmount],
      ...[info.preApprovalExpiry, info.authorizationExpiry, info.refundExpiry],
      ...[info.minFeeBps, info.maxFeeBps, info.feeReceiver, info.salt],
    ],
  );
  return keccak256(
    encodeAbiParameters(
      [{ type: 'uint256' }, { type: 'address' }, { type: 'bytes32' }],
      [BigInt(chainId), HOLD_ESCROW.escrow, keccak256(fields)],
    ),
  );
}

/** What a client is told of a hold: the inbox places it before the answer, and captures what it did cost after that. */
export function holdTerms(inbox: Address, now: number): PaymentRequirements['extra'] {
  const deadline = now + HOLD_SECONDS;
  return {
    ...{ name: 'Governance OPEN', version: '1', assetTransferMethod: 'eip3009' },
    ...{ authCaptureEscrow: HOLD_ESCROW.escrow, captureAuthorizer: inbox, operatorType: 'delegated' },
    ...{ paymentFlow: 'escrow', captureMode: 'deferred' },
    ...{ captureDeadline: deadline, refundDeadline: deadline },
    ...{ feeRecipient: zeroAddress, minFeeBps: 0, maxFeeBps: 0 },
  };
}

/** Whether a deadline is one that the node told a client lately. */
export function isToldLately(deadline: number, now: number): boolean {
  return deadline >= now + HOLD_SECONDS - 2 * QUOTE_SECONDS && deadline <= now + HOLD_SECONDS;
}

function deployed(escrow: Address) {
  const deployment = resolveAuthCaptureDeployment(escrow);
  if (deployment === undefined) throw new Error(`The library of x402 does not know the escrow ${escrow}.`);
  return deployment;
}
