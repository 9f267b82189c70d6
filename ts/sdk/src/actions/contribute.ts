import type { Hex } from 'viem';
import { readContract } from 'viem/actions';
import { datanetRegistryAbi } from '../generated/abis.ts';
import { contributionAsset } from '../protocol/assets.ts';
import { keccak, utf8 } from '../protocol/bytes.ts';
import { contentTree, randomSalt, rowsTree, splitRows } from '../protocol/content.ts';
import { contributionCommitment } from '../protocol/datanet.ts';
import { blobId, storeUri } from '../protocol/store.ts';
import { plainRoot } from '../protocol/trees.ts';
import { type ActionClient, eventOf, type OnChain, type Sent, transact } from './transact.ts';

/** What kind of rows a contribution holds. */
export const CONTRIBUTION_KIND = { data: 0, label: 1, validation: 2 } as const;

export type ContributeParameters = OnChain & {
  datanetId: number;
  /** A UTF-8 text file, rows separated by blank lines. Put it into the content store too. */
  content: Uint8Array;
  /** SPDX id, one of the datanet's. */
  licence: string;
  /** Where the rows come from, in words; only its hash goes on chain. */
  source: string;
  kind?: keyof typeof CONTRIBUTION_KIND;
  /** Labels and validations: the accepted data they are about, row i to its row `firstRow` + i. */
  about?: { contributionId: number; firstRow?: number; input: ContributionInput };
  salt?: Hex;
};

/**
 * Contributes a text: commits to it, and shows it a block later, so that what is in the mempool cannot be claimed by
 * another. The commitment reserves the contribution's id. Sends the datanet's bond along.
 */
export async function contribute(
  client: ActionClient,
  parameters: ContributeParameters,
): Promise<Sent & { contributionId: number; asset: number; input: ContributionInput }> {
  const { book, salt = randomSalt() } = parameters;
  const input = contributionInput(parameters);
  const registry = { book, contract: 'DatanetRegistry', abi: datanetRegistryAbi } as const;
  const { contributionBond } = await readContract(client, {
    address: book.contracts.DatanetRegistry,
    abi: datanetRegistryAbi,
    functionName: 'datanet',
    args: [input.datanetId],
  });
  const commitment = contributionCommitment(client.account.address, input.contentRoot, input.rowsRoot, salt);
  const committed = await transact(client, { ...registry, functionName: 'commit', args: [commitment] });
  const { contributionId } = eventOf(committed.receipt, datanetRegistryAbi, 'ContributionCommitted');
  const { about } = parameters;
  const sent =
    about === undefined
      ? await transact(client, {
          ...registry,
          functionName: 'submit',
          args: [contributionId, input, salt],
          value: contributionBond,
        })
      : await transact(client, {
          ...registry,
          functionName: 'submitReferring',
          args: [contributionId, input, salt, about.input],
          value: contributionBond,
        });
  return { ...sent, contributionId, asset: contributionAsset(contributionId), input };
}

/** What goes on chain of a contribution. */
export type ContributionInput = {
  datanetId: number;
  contentRoot: Hex;
  byteLength: number;
  rowsRoot: Hex;
  rowCount: number;
  kind: number;
  /** The contribution that a label or validation is about; 0 for data. */
  refersTo: number;
  firstRow: number;
  licence: string;
  sourceHash: Hex;
  uri: string;
};

/** Computes what goes on chain of a contribution. */
export function contributionInput(
  parameters: Omit<ContributeParameters, 'book' | 'salt'>,
): ContributionInput {
  const { datanetId, content, licence, source, kind = 'data', about } = parameters;
  const rows = splitRows(content);
  return {
    datanetId,
    contentRoot: plainRoot(contentTree(content)),
    byteLength: content.length,
    rowsRoot: plainRoot(rowsTree(rows)),
    rowCount: rows.length,
    kind: CONTRIBUTION_KIND[kind],
    refersTo: about?.contributionId ?? 0,
    firstRow: about?.firstRow ?? 0,
    licence,
    sourceHash: keccak(utf8(source)),
    uri: storeUri(blobId(content)),
  };
}
