import { attributionSettlementAbi } from '@openledger/sdk/abis';
import { claimPayout } from '@openledger/sdk/actions/claim-payout';
import { takeBaseline } from '@openledger/sdk/actions/take-baseline';
import type { Claim } from '@openledger/sdk/protocol/claims';
import type { PayoutProof } from '@openledger/sdk/protocol/payout-proof';
import { formatEther, type Hex } from 'viem';
import { CliError } from '../error.ts';
import { nodeJson, type ThreadContext, walletOf } from './context.ts';
import type { Step } from './step.ts';
import { passTime } from './vote.ts';

/** Who calls `claim`: an account that owns nothing here, because anyone may. */
const CALLER = 19;

type Json<T> = { [key in keyof T]: T[key] extends bigint ? string : T[key] };
type Payouts = {
  claimId: Hex | null;
  finalClaim: Json<Claim> | null;
  payouts: { asset: number; payable: string; cumulative: string; payout: Json<PayoutProof> }[];
  baselines: { modelId: number; asset: number; parts: number; proof: Hex; payable: string }[];
};
export type Settled = {
  claimId: Hex;
  receipts: number;
  fees: string;
  paid: { asset: number; amount: string }[];
  settleSeconds: number;
  claimSeconds: number;
};

/** The node settles, the window passes, and everyone is paid. */
export const settleStep: Step = {
  name: 'settle',
  title: 'The node settles, and everyone is paid',
  run: (context) => settleAndPay(context),
};

/** Settles all open vouchers, waits out the challenge window on the devnet's clock, and claims for every asset. */
export async function settleAndPay(context: ThreadContext): Promise<Settled> {
  const started = Date.now();
  const proposed = await settleOnce(context);
  const settleSeconds = (Date.now() - started) / 1000;
  const { end } = await claimRecord(context, proposed.claimId);
  context.say(`claim ${proposed.claimId.slice(0, 10)}… proposed; the devnet's clock moves past its window`);
  await passTime(context, BigInt(end));
  const claiming = Date.now();
  await flush(context);
  const paid = await payAll(context);
  const { status } = await claimRecord(context, proposed.claimId);
  if (status !== FINAL)
    throw new CliError(`Claim ${proposed.claimId} is in state ${status} after its window, not final.`);
  return { ...proposed, paid, settleSeconds, claimSeconds: (Date.now() - claiming) / 1000 };
}

/** Redeems and proposes; a claim that a killed run left open counts as this one. */
async function settleOnce(context: ThreadContext): Promise<Pick<Settled, 'claimId' | 'receipts' | 'fees'>> {
  const answer = await nodeJson<{
    settled: boolean;
    reason?: string;
    claimId?: Hex;
    receipts?: number;
    fees?: string;
  }>(context, '/v1/settle', {
    method: 'POST',
    headers: { authorization: `Bearer ${context.operatorToken}` },
  });
  if (answer.settled && answer.claimId !== undefined)
    return { claimId: answer.claimId, receipts: answer.receipts ?? 0, fees: answer.fees ?? '0' };
  const { data } = await nodeJson<{ data: { claimId: Hex; claim: Json<Claim> }[] }>(context, '/v1/claims');
  const last = data.at(-1);
  if (last === undefined) throw new CliError(`The node did not settle: ${answer.reason}.`);
  return { claimId: last.claimId, receipts: last.claim.receiptCount, fees: String(last.claim.fees) };
}

/** Index of `Final` in the settlement's ClaimStatus. */
const FINAL = 2;

async function claimRecord(context: ThreadContext, claimId: Hex) {
  return context.chain.readContract({
    address: context.book.contracts.AttributionSettlement,
    abi: attributionSettlementAbi,
    functionName: 'claimRecord',
    args: [claimId],
  });
}

/** Node share, burn, treasury and stakers. */
async function flush(context: ThreadContext): Promise<void> {
  await nodeJson(context, '/v1/flush', {
    method: 'POST',
    headers: { authorization: `Bearer ${context.operatorToken}` },
  });
}

/** Calls `claim` for every asset with something to pay, and `take` for every part of a baseline. */
export async function payAll(context: ThreadContext): Promise<{ asset: number; amount: string }[]> {
  const caller = walletOf(context, CALLER);
  const paid: { asset: number; amount: string }[] = [];
  const { payouts, finalClaim } = await nodeJson<Payouts>(context, '/v1/payouts');
  for (const { asset, payable, payout } of payouts) {
    if (payable === '0' || finalClaim === null) continue;
    const proof = { ...payout, cumulative: BigInt(payout.cumulative), delta: BigInt(payout.delta) };
    const claim = {
      ...finalClaim,
      fees: BigInt(finalClaim.fees),
      payoutsTotal: BigInt(finalClaim.payoutsTotal),
    };
    await claimPayout(caller, { book: context.book, payout: proof, finalClaim: claim });
    paid.push({ asset, amount: payable });
    context.say(`asset ${asset}: ${formatEther(BigInt(payable))} OPEN`);
  }
  const { baselines } = await nodeJson<Payouts>(context, '/v1/payouts');
  for (const { modelId, asset, parts, proof, payable } of baselines)
    if (payable !== '0') await takeBaseline(caller, { book: context.book, modelId, asset, parts, proof });
  return paid;
}
