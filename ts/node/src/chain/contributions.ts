import { datanetRegistryAbi } from '@openledger/sdk/abis';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { fromUtf8, sameHex } from '@openledger/sdk/protocol/bytes';
import { contentTree, type Row, rowsTree, splitRows } from '@openledger/sdk/protocol/content';
import { parseStoreUri } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { type Hex, parseEventLogs } from 'viem';
import { NodeError } from '../errors.ts';
import type { BlobReader } from '../store/types.ts';
import type { Chain } from './chain.ts';

/** An accepted contribution as the chain's events describe it. */
export type AcceptedContribution = {
  id: number;
  asset: number;
  datanet: number;
  contributor: Hex;
  contentRoot: Hex;
  rowsRoot: Hex;
  byteLength: number;
  rowCount: number;
  /** 0 data, 1 label, 2 validation. */
  kind: number;
  /** The data that a label or validation is about, and the first of its rows; 0 for data. */
  refersTo: number;
  firstRow: number;
  uri: string;
  licence: string;
  /** The datanet's version after this acceptance. */
  version: Hex;
};

/** A contribution with its text, checked against the chain. */
export type LoadedContribution = AcceptedContribution & { bytes: Uint8Array; rows: Row[] };

/** All accepted contributions, oldest first, without those whose consent was withdrawn or that were proven duplicates. */
export async function readContributions(chain: Chain): Promise<AcceptedContribution[]> {
  const logs = await chain.client.getLogs({
    address: chain.contracts.DatanetRegistry,
    fromBlock: chain.startBlock,
  });
  const events = parseEventLogs({
    abi: datanetRegistryAbi,
    logs,
    eventName: [
      'ContributionSubmitted',
      'ContributionAccepted',
      'ContributionTombstoned',
      'ContributionDisplaced',
    ],
  });
  const submitted = new Map<number, Omit<AcceptedContribution, 'version'>>();
  const accepted = new Map<number, AcceptedContribution>();
  for (const event of events) {
    const { contributionId: id, datanetId: datanet } = event.args;
    if (event.eventName === 'ContributionSubmitted') {
      const { input, contributor } = event.args;
      const { contentRoot, rowsRoot, byteLength, rowCount, kind, refersTo, firstRow, uri, licence } = input;
      const asset = contributionAsset(id);
      submitted.set(id, {
        id,
        asset,
        datanet,
        contributor,
        contentRoot,
        rowsRoot,
        byteLength,
        rowCount,
        kind,
        refersTo,
        firstRow,
        uri,
        licence,
      });
    } else if (event.eventName === 'ContributionAccepted') {
      const contribution = submitted.get(id);
      if (contribution !== undefined) accepted.set(id, { ...contribution, version: event.args.version });
    } else accepted.delete(id);
  }
  return [...accepted.values()];
}

/** Fetches a contribution's text and checks every root the chain has of it. */
export async function loadContribution(
  store: BlobReader,
  contribution: AcceptedContribution,
): Promise<LoadedContribution> {
  const bytes = await store.get(parseStoreUri(contribution.uri));
  const mismatch = (what: string) =>
    new NodeError(
      'training_failed',
      `Contribution ${contribution.id} is not what was accepted: its ${what} does not match the chain.`,
      'Leave it out, and tell the curator of its datanet.',
    );
  if (bytes.length !== contribution.byteLength) throw mismatch('length');
  if (!sameHex(plainRoot(contentTree(bytes)), contribution.contentRoot)) throw mismatch('content root');
  const rows = splitRows(bytes);
  if (rows.length !== contribution.rowCount) throw mismatch('number of rows');
  if (!sameHex(plainRoot(rowsTree(rows)), contribution.rowsRoot)) throw mismatch('rows root');
  return { ...contribution, bytes, rows };
}

/** The text of a row. */
export function rowText(row: Row): string {
  return fromUtf8(row.bytes);
}
