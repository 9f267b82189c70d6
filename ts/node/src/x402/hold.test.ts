import { AuthCaptureEvmScheme } from '@x402/evm/auth-capture/client';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, it } from 'vitest';
import { HOLD_SECONDS, holdTerms, infoOf, isToldLately, paymentHash } from './hold.ts';
import { QUOTE_SECONDS } from './quotes.ts';

const inbox = `0x${'1b'.repeat(20)}` as const;
const gopen = `0x${'90'.repeat(20)}` as const;
const nobody = `0x${'00'.repeat(20)}` as const;
const payer = privateKeyToAccount(`0x${'77'.repeat(32)}`);

describe('a held payment', () => {
  it('has the nonce that the published client signs, from what the client sends', async () => {
    const { payload } = await new AuthCaptureEvmScheme(payer).createPaymentPayload(2, {
      ...{ scheme: 'auth-capture', network: 'eip155:31337', amount: '12345', asset: gopen, payTo: inbox },
      ...{ maxTimeoutSeconds: 120, extra: holdTerms(inbox, 1_000) },
    });
    const { authorization, salt } = payload as {
      authorization: { nonce: string; validBefore: string };
      salt: string;
    };
    const held = {
      ...{ consumer: nobody, maxAmount: 12_345n, captureDeadline: 1_000 + HOLD_SECONDS },
      ...{ preApprovalExpiry: Number(authorization.validBefore), salt: BigInt(salt) },
    };
    expect(paymentHash(31_337, infoOf(held, inbox, gopen))).toBe(authorization.nonce);
    // Every part counts.
    for (const change of [
      { maxAmount: 12_346n },
      { captureDeadline: held.captureDeadline + 1 },
      { preApprovalExpiry: held.preApprovalExpiry + 1 },
      { salt: held.salt ^ 1n },
      { consumer: payer.address },
    ])
      expect(paymentHash(31_337, infoOf({ ...held, ...change }, inbox, gopen))).not.toBe(authorization.nonce);
    expect(paymentHash(1, infoOf(held, inbox, gopen))).not.toBe(authorization.nonce);
    expect(paymentHash(31_337, infoOf(held, gopen, gopen))).not.toBe(authorization.nonce);
  });

  it('has a deadline that was told with its price, and no other', () => {
    const told = Number(holdTerms(inbox, 1_000)?.captureDeadline);
    expect(isToldLately(told, 1_000)).toBe(true);
    expect(isToldLately(told, 1_000 + QUOTE_SECONDS)).toBe(true);
    expect(isToldLately(told + 1, 1_000)).toBe(false);
    expect(isToldLately(told, 1_000 + 2 * QUOTE_SECONDS + 1)).toBe(false);
  });
});
