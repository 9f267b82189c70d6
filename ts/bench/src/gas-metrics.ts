import type { Metric } from './report.ts';

/** Gas by the name under which a test in `test/gas` logs it. */
export type Figures = Record<string, number>;

/** Epoch sizes of the cost table, and who takes part in each. */
const RECEIPTS = [100, 1_000, 10_000, 100_000];
const PAYEES = 20;

type Row = { metric: string; ours: string | string[]; per?: number; target?: number; anchor?: Anchor };
/** What stands beside our figure: `origin` says where its code comes from. */
type Anchor = { figure: string; name: string; origin: 'npm package' | 're-stated' };

const UMA_ASSERT: Anchor = {
  figure: 'UMA assertTruthWithDefaults',
  name: 'UMA OOv3 assert',
  origin: 're-stated',
};
const UMA_DISPUTE: Anchor = { figure: 'UMA disputeAssertion', name: 'UMA OOv3 dispute', origin: 're-stated' };

const CLAIM_ANCHORS: Anchor[] = [
  { figure: 'EigenLayer processClaim, next', name: 'EigenLayer processClaim', origin: 're-stated' },
  { figure: 'Merkl claim, next', name: 'Merkl claim', origin: 're-stated' },
  { figure: 'Morpho URD claim, next', name: 'Morpho URD claim', origin: 're-stated' },
  { figure: 'Uniswap MerkleDistributor claim', name: 'Uniswap MerkleDistributor', origin: 're-stated' },
];

const FRAUD_TARGET = 122_000;
const CREDIT_TARGET = 140_000;

const ROWS: Row[] = [
  {
    metric: 'redeemAndPropose, 1 voucher',
    ours: 'redeemAndPropose, 1 voucher',
    target: 170_000,
    anchor: UMA_ASSERT,
  },
  { metric: 'each further voucher', ours: 'each further voucher', target: 18_000 },
  ...CLAIM_ANCHORS.map((anchor) => ({
    metric: 'next claim',
    ours: 'claim of a contribution, next',
    target: 80_000,
    anchor,
  })),
  { metric: 'next claim of a model', ours: 'claim of a model, next', target: 80_000 },
  { metric: 'claimMany, each further pool', ours: 'claimMany, each further contribution' },
  ...[
    'Allocation',
    'Score',
    'Omission',
    'Span',
    'Retrieval',
    'Retrieval (from the context)',
    'Transition',
    'Malformed (payouts)',
    'Notice',
    'Withheld',
  ].map((ours) => ({
    metric: `fraud proof ${ours}`,
    ours,
    target: FRAUD_TARGET,
    anchor: UMA_DISPUTE,
  })),
  ...['Credit', 'Credit (from the credit)', 'SpanOmission, 64 bytes', 'SpanOmission, 512 bytes'].map(
    (ours) => ({
      metric: `fraud proof ${ours}`,
      ours,
      target: CREDIT_TARGET,
      anchor: UMA_DISPUTE,
    }),
  ),
  { metric: 'proveDuplicate, 2 of 20 rows', ours: 'proveDuplicate, 2 of 20 rows' },
  { metric: 'proveDuplicate, 16 of 1,500 rows', ours: 'proveDuplicate, 16 of 1,500 rows' },
  { metric: 'contribution of 10,000 rows', ours: ['commit', 'submit', 'accept'], target: 200_000 },
  {
    metric: 'redemption per receipt, 10,000 of 20 consumers',
    ours: 'redeem, 10,000 receipts of 20 consumers',
    per: 10_000,
    target: 60,
  },
  {
    metric: 'castVote',
    ours: 'castVote',
    target: 66_000,
    anchor: { figure: 'OpenZeppelin castVote', name: 'OpenZeppelin Governor', origin: 'npm package' },
  },
  { metric: 'proposeClaimElsewhere, certificate', ours: 'proposeClaimElsewhere, certificate' },
  { metric: 'proposeClaimElsewhere, three validators', ours: 'proposeClaimElsewhere, three validators' },
  { metric: 'stake, first', ours: 'stake, first' },
  { metric: 'stake, next', ours: 'stake, next' },
  { metric: 'slash', ours: 'slash' },
];

/** Each path beside its anchor and target. A path without a target passes. */
export function metrics(figures: Figures): Metric[] {
  const rows = ROWS.map(({ metric, ours, per = 1, target, anchor }) => {
    const gas = [ours].flat().reduce((sum, name) => sum + figure(figures, name), 0) / per;
    const beside = anchor === undefined ? null : figure(figures, anchor.figure);
    return {
      bench: 'gas',
      metric: anchor === undefined ? metric : `${metric} | ${anchor.name} (${anchor.origin})`,
      ours: round(gas),
      anchor: beside,
      ratio: beside === null ? null : Math.round((gas / beside) * 100) / 100,
      target: target === undefined ? 'none' : `<= ${target}`,
      pass: target === undefined || gas <= target,
    };
  });
  const costs = costPerInference(figures).map(({ receipts, certificate }) => ({
    bench: 'gas',
    metric: `cost per inference, ${receipts} receipts an epoch`,
    ours: certificate,
    anchor: null,
    ratio: null,
    target: 'none',
    pass: true,
  }));
  return [...rows, ...costs];
}

/**
 * Gas per receipt by the number of receipts in an epoch: one redemption of twenty vouchers, one claim whose data is
 * elsewhere (with a certificate, or with three validators), and one collection by each payee. None of the parts grows
 * with the receipts; each is measured.
 */
export function costPerInference(figures: Figures) {
  const redemption = figure(figures, 'redeem, 10,000 receipts of 20 consumers');
  const collections = PAYEES * figure(figures, 'claim of a contribution, next');
  const certificate = figure(figures, 'proposeClaimElsewhere, certificate');
  const validators = figure(figures, 'proposeClaimElsewhere, three validators');
  return RECEIPTS.map((receipts) => ({
    receipts,
    redemption: round(redemption / receipts),
    proposal: round(certificate / receipts),
    collections: round(collections / receipts),
    certificate: round((redemption + certificate + collections) / receipts),
    validators: round((redemption + validators + collections) / receipts),
  }));
}

function figure(figures: Figures, name: string): number {
  const value = figures[name];
  if (value === undefined)
    throw new Error(`"${name}" was not measured: does a test in test/gas still log it?`);
  return value;
}

function round(gas: number): number {
  return gas < 1_000 ? Math.round(gas * 10) / 10 : Math.round(gas);
}
