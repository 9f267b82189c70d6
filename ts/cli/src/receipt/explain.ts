import { attributionSettlementAbi, modelRegistryAbi, protocolParametersAbi } from '@openledger/sdk/abis';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { fromHex } from '@openledger/sdk/protocol/bytes';
import { decodeClaimData } from '@openledger/sdk/protocol/claim-data';
import {
  type ClaimExplanation,
  type ExplainInput,
  explainClaim,
  explainReceipt,
  type ReceiptExplanation,
} from '@openledger/sdk/protocol/explain';
import { type Evidence, type Item, influenceEvidence, spanEvidence } from '@openledger/sdk/protocol/items';
import { type ModelTerms, SCHEME } from '@openledger/sdk/protocol/parameters';
import type { Receipt } from '@openledger/sdk/protocol/receipts';
import { fromInt8Bytes, influenceScore } from '@openledger/sdk/protocol/sketch';
import { type Hex, stringToBytes } from 'viem';
import { CliError } from '../error.ts';
import type { ThreadContext } from '../thread/context.ts';
import { attributed } from '../thread/receipts.ts';
import { type CommittedEvidence, loadCommittedEvidence } from './adapter-evidence.ts';
import { liveSources, type ReceiptSources } from './sources.ts';

type Context = Pick<ThreadContext, 'config' | 'book' | 'chain'>;

/** What is needed of an answer to explain it; query vector and answer only where they are public. */
type Answer = { receipt: Receipt; items: readonly Item[]; queryVector?: Int8Array; output?: Uint8Array };

/** Explains one receipt, by its id, to the owner of a contribution. */
export async function explainReceiptById(
  context: Context,
  contribution: number,
  id: Hex,
): Promise<ReceiptExplanation> {
  const { receipt, attribution, output } = await attributed(context, id);
  const { queryVector, items, paramsVersion } = attribution;
  const answer: Answer = {
    receipt,
    items,
    ...(queryVector !== null && { queryVector: fromInt8Bytes(fromHex(queryVector)) }),
    ...(output !== null && { output: stringToBytes(output) }),
  };
  return createExplainer(liveSources(context), contribution, paramsVersion)(answer);
}

/** Explains every receipt of a claim, from the chain and the content store alone, wherever the claim's data are. */
export async function explainClaimById(
  context: Context,
  contribution: number,
  claimId: Hex,
): Promise<ClaimExplanation> {
  const sources = liveSources(context);
  const { claim, claimData } = await readClaim(sources, claimId);
  const explain = createExplainer(sources, contribution, claim.paramsVersion);
  const receipts: ClaimExplanation['receipts'] = [];
  for (const [position, { receipt, items, opening }] of decodeClaimData(claimData).entries()) {
    const explanation = await explain({ receipt, items, ...opening });
    receipts.push({ number: claim.firstReceipt + position, ...explanation });
  }
  return explainClaim(contributionAsset(contribution), receipts);
}

function createExplainer(sources: ReceiptSources, contribution: number, paramsVersion: number) {
  const { contracts } = sources.book;
  const asset = contributionAsset(contribution);
  const parameters = sources.chain.readContract({
    address: contracts.ProtocolParameters,
    abi: protocolParametersAbi,
    functionName: 'parameters',
    args: [paramsVersion],
  });
  const models = new Map<number, Promise<{ terms: ModelTerms; committed: CommittedEvidence | undefined }>>();

  async function load(modelId: number) {
    const terms = await sources.chain.readContract({
      address: contracts.ModelRegistry,
      abi: modelRegistryAbi,
      functionName: 'terms',
      args: [modelId],
    });
    const committed = terms.scheme === 0 ? undefined : await loadCommittedEvidence(sources, modelId, terms);
    return { terms, committed };
  }

  return async (answer: Answer): Promise<ReceiptExplanation> => {
    const { receipt, items } = answer;
    const loading = models.get(receipt.modelId) ?? load(receipt.modelId);
    models.set(receipt.modelId, loading);
    const { terms, committed } = await loading;
    const evidence = committed && evidenceOf(committed, terms, answer);
    return explainReceipt({
      asset,
      receipt,
      items,
      terms,
      parameters: await parameters,
      ...(evidence && { evidence }),
    });
  };
}

/** Everything that can be recomputed of an answer without its model. */
function evidenceOf(
  committed: CommittedEvidence,
  { scheme }: ModelTerms,
  { queryVector, output }: Answer,
): NonNullable<ExplainInput['evidence']> {
  const influence = (): Evidence[] | undefined =>
    queryVector &&
    committed.sketches.map((sketch) => influenceEvidence(sketch.asset, influenceScore(sketch, queryVector)));
  const scores = (scheme & SCHEME.influence) === 0 ? undefined : influence();
  return {
    ...(scores && { influence: scores }),
    ...(output && { span: committed.spans(output).map((span) => spanEvidence(span.asset, span)) }),
  };
}

async function readClaim(sources: ReceiptSources, claimId: Hex) {
  const query = {
    address: sources.book.contracts.AttributionSettlement,
    abi: attributionSettlementAbi,
    args: { claimId },
    fromBlock: BigInt(sources.book.startBlock),
    strict: true,
  } as const;
  const [[proposed], [data], [elsewhere]] = await Promise.all([
    sources.chain.getContractEvents({ ...query, eventName: 'ClaimProposed' }),
    sources.chain.getContractEvents({ ...query, eventName: 'ClaimData' }),
    sources.chain.getContractEvents({ ...query, eventName: 'ClaimDataElsewhere' }),
  ]);
  if (proposed === undefined) throw new CliError(`The chain has no claim ${claimId}.`);
  const { claim } = proposed.args;
  if (data !== undefined) return { claim, claimData: data.args.claimData };
  if (elsewhere === undefined) throw new CliError(`The chain does not say where the data of ${claimId} are.`);
  const { dataHash } = elsewhere.args;
  const bytes = await sources.blob(dataHash).catch((error: Error) => {
    throw new CliError(
      `The data of claim ${claimId} are not on the chain: ${error.message} Ask those who hold ${dataHash} to put it there.`,
    );
  });
  return { claim, claimData: bytes };
}
