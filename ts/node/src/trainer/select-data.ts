import { type AcceptedContribution, type LoadedContribution, rowText } from '../chain/contributions.ts';
import { NodeError } from '../errors.ts';
import type { CreateJobBody } from './job.ts';

/** The accepted contributions that a job names, by asset. */
export function chooseContributions(
  accepted: readonly AcceptedContribution[],
  body: Pick<CreateJobBody, 'contributions' | 'datanets'>,
): AcceptedContribution[] {
  const chosen = accepted
    .filter(({ id, datanet }) => body.contributions.includes(id) || body.datanets.includes(datanet))
    .toSorted((a, b) => a.asset - b.asset);
  const missing = body.contributions.filter((id) => !chosen.some((one) => one.id === id));
  const empty = body.datanets.filter((id) => !chosen.some(({ datanet }) => datanet === id));
  if (missing.length === 0 && empty.length === 0) return chosen;
  const what = [
    ...missing.map((id) => `contribution ${id}`),
    ...empty.map((id) => `any contribution of datanet ${id}`),
  ].join(', ');
  throw new NodeError(
    'bad_request',
    `There is no accepted ${what}.`,
    'A curator has to accept contributions first.',
  );
}

/** The one licence of all contributions, which each of their datanets allows. */
export function commonLicence(contributions: readonly AcceptedContribution[]): string {
  const [first, ...others] = new Set(contributions.map(({ licence }) => licence));
  if (first !== undefined && others.length === 0) return first;
  throw new NodeError(
    'bad_request',
    `The contributions are under different licences: ${[first, ...others].join(', ')}.`,
    'Name the licence of the adapter in `licence`; every datanet must allow it.',
  );
}

/** All rows of contributions, as training and attribution read them. */
export function rowsOf(contributions: readonly LoadedContribution[]) {
  return contributions.flatMap(({ asset, datanet, rows }) =>
    rows.map((row) => ({ asset, datanet, row: row.row, text: rowText(row) })),
  );
}
