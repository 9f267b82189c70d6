import type { Candidate, Permission } from '@openledger/engine/dataset/contribution';
import { prepareDataset } from '@openledger/engine/dataset/prepare';
import { keccak } from '@openledger/sdk/protocol/bytes';
import { canonicalBytes } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';
import type { LoadedContribution } from '../chain/contributions.ts';
import { NodeError } from '../errors.ts';
import type { BlobStore } from '../store/types.ts';

export type CheckDataOptions = {
  store: BlobStore;
  /** The contributions that the job would learn from. */
  contributions: readonly LoadedContribution[];
  /** Those that the builder named by their numbers, and not through a datanet. */
  named: readonly number[];
  permission(datanet: number): Promise<Permission>;
  countTokens(text: string): number;
};

/**
 * Checks the data of a job for commercial use: answers of its adapter are paid for. Leaves out what may not be trained on,
 * and stores the report. Rejects when nothing is left, or when something was named that has to be left out.
 */
export async function checkData(
  options: CheckDataOptions,
): Promise<{ contributions: LoadedContribution[]; dataset: Hex }> {
  const { store, contributions, named, permission, countTokens } = options;
  const permissions = new Map<number, Permission>();
  for (const { datanet } of contributions) permissions.set(datanet, await permission(datanet));
  const candidates = contributions.map((one): Candidate => {
    const { id, datanet, contributor, licence, bytes, contentRoot, byteLength, rowsRoot, rowCount } = one;
    return {
      ...{ id, datanet, licence, name: `by ${contributor}`, standing: 'accepted', content: bytes },
      permission: permissions.get(datanet) ?? 'unknown',
      promise: { contentHash: keccak(bytes), contentRoot, byteLength, rowsRoot, rowCount },
    };
  });
  const { report } = prepareDataset(candidates, { use: 'commercial' }, countTokens);
  const leftOut = new Map(report.excluded.map((one) => [one.contribution, one.detail]));
  const usable = contributions.filter(({ id }) => !leftOut.has(id));
  const refused = named.filter((id) => leftOut.has(id));
  if (usable.length === 0 || refused.length > 0) {
    const reasons = (refused.length > 0 ? refused : [...leftOut.keys()]).map(
      (id) => `contribution ${id} (${leftOut.get(id)})`,
    );
    throw new NodeError(
      'bad_request',
      `This may not be trained on: ${reasons.join(', ')}.`,
      'Choose other data; for a datanet that asks for a grant, name the account that opens the run as `trainer`.',
    );
  }
  return { contributions: usable, dataset: await store.put(canonicalBytes(report)) };
}
