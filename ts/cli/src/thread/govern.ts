import { modelRegistryAbi } from '@openledger/sdk/abis';
import { allocate } from '@openledger/sdk/protocol/allocate';
import { type Evidence, ITEM_KIND, type Item } from '@openledger/sdk/protocol/items';
import type { AllocationParameters, AllocationTerms } from '@openledger/sdk/protocol/parameters';
import { CliError } from '../error.ts';
import { type Asked, askAll } from './ask.ts';
import type { ThreadContext } from './context.ts';
import { attributed, type ReceiptView } from './receipts.ts';
import { settleAndPay } from './settle.ts';
import type { Step } from './step.ts';
import { parametersOf, type Threshold, voteThreshold } from './vote.ts';

/** What an asset gets in all, wei, as decimal strings. */
type Payouts = Record<number, string>;

/** Thresholds to try, in millionths, until one changes what the answers pay. */
const CANDIDATES_PPM = [200_000, 300_000, 400_000, 500_000, 100_000, 20_000, 5_000, 1_000];

/** A vote changes the threshold; the same questions then pay as was computed before the vote. */
export const governStep: Step = {
  name: 'govern',
  title: 'A vote changes the attribution threshold',
  async run(context, earlier) {
    const { questions, receipts } = earlier.ask as unknown as Asked;
    const before = await Promise.all(receipts.map((id) => attributed(context, id)));
    const version = before[0].attribution.paramsVersion;
    const old = await parametersOf(context, version);
    const terms = await termsOf(context, before[0].receipt.modelId);
    const payouts = (parameters: AllocationParameters) =>
      total(before.map((view) => replay(view, terms, parameters)));

    const current = payouts(old);
    if (!same(current, total(before.map(({ attribution }) => attribution.items))))
      throw new CliError(
        'The offline computation does not give what the receipts were paid under the old threshold.',
      );
    const threshold = CANDIDATES_PPM.map(constant).find(
      (t) => !same(current, payouts(withThreshold(old, t))),
    );
    if (threshold === undefined)
      throw new CliError('No threshold changes what these answers pay: ask other questions.');
    const predicted = payouts(withThreshold(old, threshold));

    const vote = await voteThreshold(context, threshold);
    const again = await askAll(context, questions, before[0].receipt.modelId);
    for (const id of again.receipts) await attributed(context, id);
    const settled = await settleAndPay(context);
    const paid: Payouts = Object.fromEntries(settled.paid.map(({ asset, amount }) => [asset, amount]));
    if (!same(paid, predicted))
      throw new CliError(
        `After the vote the answers paid ${JSON.stringify(paid)}, predicted was ${JSON.stringify(predicted)}.`,
      );
    return {
      proposalId: vote.proposalId,
      version: vote.version,
      threshold,
      oldThreshold: { base: old.tauBasePpm, min: old.tauMinPpm, max: old.tauMaxPpm },
      oldPayouts: current,
      newPayouts: paid,
      claimId: settled.claimId,
      receipts: again.receipts,
    };
  },
};

const constant = (ppm: number): Threshold => ({ base: ppm, min: ppm, max: ppm });

const withThreshold = (p: AllocationParameters, t: Threshold): AllocationParameters => ({
  ...p,
  tauBasePpm: t.base,
  tauMinPpm: t.min,
  tauMaxPpm: t.max,
});

/** What a receipt's evidence pays under other parameters. */
function replay(view: ReceiptView, terms: AllocationTerms, parameters: AllocationParameters): Item[] {
  const evidence: Evidence[] = view.attribution.items.filter(({ kind }) => kind <= ITEM_KIND.retrieval);
  return allocate(view.receipt, terms, parameters, evidence);
}

function total(lists: Item[][]): Payouts {
  const sums = new Map<number, bigint>();
  for (const { asset, amount } of lists.flat())
    if (amount > 0n) sums.set(asset, (sums.get(asset) ?? 0n) + amount);
  return Object.fromEntries([...sums].map(([asset, amount]) => [asset, amount.toString()]));
}

function same(a: Payouts, b: Payouts): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)].map(Number));
  return [...keys].every((asset) => (a[asset] ?? '0') === (b[asset] ?? '0'));
}

const termsOf = (context: ThreadContext, modelId: number) =>
  context.chain.readContract({
    address: context.book.contracts.ModelRegistry,
    abi: modelRegistryAbi,
    functionName: 'terms',
    args: [modelId],
  });
