import { contributionAsset } from './assets.ts';

/** Kinds of contributions, as the registry numbers them. */
export const CONTRIBUTION_KIND = { data: 0, label: 1, validation: 2 } as const;

/** How a row's credit is split between its data, its labels and its validations, in parts of whoever there is. */
export const CREDIT_SPLIT = { data: 60, label: 30, validation: 10 } as const;

/** One row's whole credit, in millionths. */
export const ROW_CREDIT = 1_000_000;

/** A contribution of a run, with what it is about. */
export type CreditedContribution = {
  asset: number;
  kind: number;
  rowCount: number;
  /** Token id of the data that a label or validation is about; 0 for data. */
  refersTo: number;
  /** The first of the data's rows that it is about: row i is about row `firstRow` + i. */
  firstRow: number;
};

/**
 * Each contribution's credit for the rows of a run, in millionths of a row. A label or validation and the data it is about
 * train as one row, whose credit is split 60 : 30 : 10 between those that the row has; several of one kind share their
 * part. What a row rounds away goes to its data. A label or validation whose data are not in the run stands for itself.
 */
export function creditOf(contributions: readonly CreditedContribution[]): Map<number, bigint> {
  const credit = new Map(contributions.map(({ asset }) => [asset, 0n]));
  const give = (asset: number, parts: number) => credit.set(asset, (credit.get(asset) ?? 0n) + BigInt(parts));
  const data = new Map<number, CreditedContribution>();
  for (const one of contributions) if (one.kind === CONTRIBUTION_KIND.data) data.set(one.asset, one);
  const about = new Map<string, { label: number[]; validation: number[] }>();
  for (const one of contributions) {
    if (one.kind === CONTRIBUTION_KIND.data) continue;
    const subject = data.get(contributionAsset(one.refersTo));
    const kind = one.kind === CONTRIBUTION_KIND.label ? 'label' : 'validation';
    for (let row = one.firstRow; row < one.firstRow + one.rowCount; row++) {
      if (subject === undefined || row >= subject.rowCount) {
        give(one.asset, ROW_CREDIT);
        continue;
      }
      const key = `${subject.asset}/${row}`;
      const found = about.get(key) ?? { label: [], validation: [] };
      about.set(key, found);
      found[kind].push(one.asset);
    }
  }
  for (const { asset, rowCount } of data.values()) {
    for (let row = 0; row < rowCount; row++) {
      const { label = [], validation = [] } = about.get(`${asset}/${row}`) ?? {};
      const total =
        CREDIT_SPLIT.data +
        (label.length > 0 ? CREDIT_SPLIT.label : 0) +
        (validation.length > 0 ? CREDIT_SPLIT.validation : 0);
      let left = ROW_CREDIT;
      for (const [assets, part] of [
        [label, CREDIT_SPLIT.label],
        [validation, CREDIT_SPLIT.validation],
      ] as const) {
        for (const other of assets) {
          const parts = Math.floor((ROW_CREDIT * part) / (total * assets.length));
          give(other, parts);
          left -= parts;
        }
      }
      give(asset, left);
    }
  }
  return credit;
}
