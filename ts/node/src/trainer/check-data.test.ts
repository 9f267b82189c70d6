import type { Permission } from '@openledger/engine/dataset/contribution';
import { datasetReport } from '@openledger/engine/dataset/report';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { fromUtf8, utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { contentTree, rowsTree, splitRows } from '@openledger/sdk/protocol/content';
import { blobId, storeUri } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../test/support/memory-store.ts';
import type { LoadedContribution } from '../chain/contributions.ts';
import { checkData } from './check-data.ts';

function contribution(id: number, datanet: number, licence = 'CC-BY-4.0'): LoadedContribution {
  const bytes = utf8(
    `Who keeps lamp ${id}?\nKeeper ${id} does, and writes to keeper${id}@lights.example.org.`,
  );
  const rows = splitRows(bytes);
  return {
    ...{ id, datanet, licence, bytes, rows, asset: contributionAsset(id), version: ZERO_HASH },
    contributor: '0x0000000000000000000000000000000000000001',
    contentRoot: plainRoot(contentTree(bytes)),
    rowsRoot: plainRoot(rowsTree(rows)),
    byteLength: bytes.length,
    rowCount: rows.length,
    uri: storeUri(blobId(bytes)),
  };
}

describe('The data of a job', () => {
  const store = memoryStore();
  const check = (contributions: LoadedContribution[], named: number[] = [], closed: Permission = 'missing') =>
    checkData({
      ...{ store, contributions, named },
      permission: async (datanet) => (datanet === 9 ? closed : 'open'),
      countTokens: (text) => text.length,
    });

  it('is what may be trained on; the report of the rest is in the content store', async () => {
    const all = [contribution(1, 1), contribution(2, 1, 'CC-BY-NC-4.0'), contribution(3, 9)];
    const { contributions, dataset } = await check(all);
    expect(contributions).toEqual([all[0]]);
    const report = datasetReport.parse(JSON.parse(fromUtf8(await store.get(dataset))));
    expect(report.excluded.map(({ contribution, reason }) => [contribution, reason])).toEqual([
      [2, 'licence'],
      [3, 'permission'],
    ]);
    expect(report.sensitive).toMatchObject([{ contribution: 1, row: 0, kind: 'e-mail' }]);
    expect(report.lengths.tokens?.count).toBe(1);
  });

  it('may come from a closed datanet once its trainer has the grant', async () => {
    expect((await check([contribution(3, 9)], [], 'granted')).contributions).toHaveLength(1);
    await expect(check([contribution(3, 9)], [], 'unknown')).rejects.toThrow('nobody said who trains');
  });

  it('is refused when nothing is left of it, or not all that was named', async () => {
    const [good, bad] = [contribution(1, 1), contribution(2, 1, 'NOASSERTION')];
    await expect(check([bad])).rejects.toThrow('contribution 2 (NOASSERTION');
    await expect(check([good, bad], [1, 2])).rejects.toThrow('contribution 2');
    expect((await check([good, bad], [1])).contributions).toEqual([good]);
  });
});
