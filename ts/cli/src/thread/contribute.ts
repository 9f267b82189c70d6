import { loadWorld, type WorldContribution, type WorldDatanet } from '@openledger/models/world';
import { contributionTokenAbi, datanetRegistryAbi } from '@openledger/sdk/abis';
import { acceptContribution } from '@openledger/sdk/actions/accept-contribution';
import { contribute, contributionInput } from '@openledger/sdk/actions/contribute';
import { createDatanet } from '@openledger/sdk/actions/create-datanet';
import { blobId, canonicalBytes, storeUri } from '@openledger/sdk/protocol/store';
import { type Hex, isAddressEqual, keccak256 } from 'viem';
import { ACCOUNT } from '../devnet/config.ts';
import { CliError } from '../error.ts';
import { CONTRIBUTORS, type ThreadContext, walletOf } from './context.ts';
import type { Step } from './step.ts';
import { putBlob } from './store.ts';
import { unlessReverted } from './unless-reverted.ts';

export type ContributedDatanet = { id: number; slug: string; asked: boolean; contributions: Contributed[] };
export type Contributed = { id: number; slug: string; owner: Hex; account: number; rows: number };

/** Nine contributors submit their files to three datanets, and the curator accepts them. */
export const contributeStep: Step = {
  name: 'contribute',
  title: 'Nine contributors submit their files',
  async run(context) {
    const datanets: ContributedDatanet[] = [];
    const contributors = [...CONTRIBUTORS];
    for (const datanet of loadWorld().datanets) {
      const id = await ensureDatanet(context, datanet);
      const contributions: Contributed[] = [];
      for (const contribution of datanet.contributions) {
        const account = contributors.shift();
        if (account === undefined) throw new CliError('The world has more contributions than contributors.');
        contributions.push(await ensureContribution(context, id, contribution, account));
        context.say(`${contribution.contributor}: ${contribution.rows.length} rows in ${datanet.name}`);
      }
      datanets.push({ id, slug: datanet.slug, asked: datanet.asked, contributions });
    }
    return { datanets };
  },
};

async function ensureDatanet(context: ThreadContext, datanet: WorldDatanet): Promise<number> {
  const logs = await context.chain.getContractEvents({
    address: context.book.contracts.DatanetRegistry,
    abi: datanetRegistryAbi,
    eventName: 'DatanetCreated',
    fromBlock: BigInt(context.book.startBlock),
    strict: true,
  });
  const known = logs.find(({ args }) => args.config.name === datanet.name)?.args.datanetId;
  if (known !== undefined) return known;
  const curator = walletOf(context, ACCOUNT.curator);
  const rules = canonicalBytes({ rules: datanet.rules });
  await putBlob(context, rules);
  const { datanetId } = await createDatanet(curator, {
    book: context.book,
    config: {
      name: datanet.name,
      subject: datanet.subject,
      licences: [...datanet.licences],
      schema: datanet.schema,
      mediaType: datanet.mediaType,
      permissioned: false,
      contributionBond: 10n ** 18n,
      pricePerRow: 0n,
      metadataURI: storeUri(blobId(rules)),
      metadataHash: keccak256(rules),
      curators: [curator.account.address],
    },
  });
  return datanetId;
}

async function ensureContribution(
  context: ThreadContext,
  datanetId: number,
  contribution: WorldContribution,
  account: number,
): Promise<Contributed> {
  const { book, chain } = context;
  const wallet = walletOf(context, account);
  const owner = wallet.account.address;
  const submission = {
    datanetId,
    content: contribution.bytes,
    licence: contribution.licence,
    source: contribution.source,
  };
  await putBlob(context, contribution.bytes);
  const { contentRoot } = contributionInput(submission);
  const logs = await chain.getContractEvents({
    address: book.contracts.DatanetRegistry,
    abi: datanetRegistryAbi,
    eventName: 'ContributionSubmitted',
    args: { datanetId, contributor: owner },
    fromBlock: BigInt(book.startBlock),
    strict: true,
  });
  const known = logs.find(({ args }) => args.input.contentRoot === contentRoot)?.args.contributionId;
  const id = known ?? (await contribute(wallet, { book, ...submission })).contributionId;

  const ownerOf = () =>
    unlessReverted(
      chain.readContract({
        address: book.contracts.ContributionToken,
        abi: contributionTokenAbi,
        functionName: 'ownerOf',
        args: [BigInt(id)],
      }),
    );
  if ((await ownerOf()) === undefined)
    await acceptContribution(walletOf(context, ACCOUNT.curator), { book, contributionId: id });
  const holder = await ownerOf();
  if (holder === undefined || !isAddressEqual(holder, owner))
    throw new CliError(`The token of contribution ${id} must belong to ${owner}, and belongs to ${holder}.`);
  return { id, slug: contribution.slug, owner, account, rows: contribution.rows.length };
}
