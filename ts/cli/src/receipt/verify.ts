import {
  agentRegistryAbi,
  datanetRegistryAbi,
  modelRegistryAbi,
  protocolParametersAbi,
} from '@openledger/sdk/abis';
import { allocate } from '@openledger/sdk/protocol/allocate';
import { parseAsset } from '@openledger/sdk/protocol/assets';
import { evidenceHash, hashQueryVector, queryHashOf } from '@openledger/sdk/protocol/attribution';
import { fromHex, fromUtf8, sameHex } from '@openledger/sdk/protocol/bytes';
import { outputTree, type Row, requestHash, rowsTree, splitRows } from '@openledger/sdk/protocol/content';
import {
  type CitedRow,
  contextRowOf,
  isContextOf,
  retrievalEvidence,
  withContext,
} from '@openledger/sdk/protocol/context';
import {
  type Evidence,
  ITEM_KIND,
  type Item,
  influenceEvidence,
  selectEvidence,
  spanEvidence,
} from '@openledger/sdk/protocol/items';
import { SCHEME } from '@openledger/sdk/protocol/parameters';
import { hashReceipt } from '@openledger/sdk/protocol/receipts';
import { fromInt8Bytes, influenceScore } from '@openledger/sdk/protocol/sketch';
import { canonicalJson, parseStoreUri } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { recoverReceiptIssuer } from '@openledger/sdk/protocol/vouchers';
import { isAddressEqual, stringToBytes } from 'viem';
import { CHAIN_ID } from '../devnet/config.ts';
import type { ReceiptView } from '../thread/receipts.ts';
import type { AdapterEvidence, AdapterLoader, Asked } from './adapter-evidence.ts';
import type { Check } from './check.ts';
import type { ReceiptSources } from './sources.ts';

/**
 * Recomputes a receipt and its attribution from the chain and the content store: hashes, signature, spans, query
 * vector (one backward pass in the exact profile), scores, and amounts. Every check is made, also after one failed.
 */
export async function verifyReceipt(
  sources: ReceiptSources,
  view: ReceiptView,
  adapters: AdapterLoader,
): Promise<Check[]> {
  const { receipt, attribution, nodeId, id } = view;
  const { contracts } = sources.book;
  const checks: Check[] = [];
  const check = (name: string, ok: boolean, detail?: string) =>
    checks.push(ok ? { name, ok } : { name, ok, detail });

  check('the receipt hashes to its id', sameHex(hashReceipt(receipt), id));
  const domain = { chainId: CHAIN_ID, verifyingContract: contracts.AttributionSettlement };
  const wallet = await sources.chain.readContract({
    address: contracts.AgentRegistry,
    abi: agentRegistryAbi,
    functionName: 'getAgentWallet',
    args: [BigInt(nodeId)],
  });
  const issuer = await recoverReceiptIssuer(domain, nodeId, id, view.nodeSignature);
  check(
    'the node signed the receipt',
    isAddressEqual(issuer, wallet),
    `signed by ${issuer}, the agent's wallet is ${wallet}`,
  );

  const terms = await sources.chain.readContract({
    address: contracts.ModelRegistry,
    abi: modelRegistryAbi,
    functionName: 'terms',
    args: [receipt.modelId],
  });
  const parameters = await sources.chain.readContract({
    address: contracts.ProtocolParameters,
    abi: protocolParametersAbi,
    functionName: 'parameters',
    args: [attribution.paramsVersion],
  });
  const listed: Evidence[] = attribution.items.filter(({ kind }) => kind <= ITEM_KIND.retrieval);
  check(
    'the evidence hashes to what the node signed',
    sameHex(evidenceHash(id, attribution.queryHash, listed), attribution.evidenceHash),
  );
  check(
    'the amounts are what allocate gives',
    sameItems(allocate(receipt, terms, parameters, listed), attribution.items),
  );

  if (view.salt === null || view.request === null || view.output === null) {
    check(
      'request and output are public',
      false,
      'this receipt is private: only its hashes and amounts can be recomputed',
    );
    return checks;
  }
  const output = stringToBytes(view.output);
  const request = JSON.parse(view.request) as {
    messages: { role: 'user' | 'assistant' | 'system'; content: string }[];
    prompt?: string | [string];
  };
  check(
    'the request hashes to requestHash',
    sameHex(requestHash(view.salt, stringToBytes(canonicalJson(request))), receipt.requestHash),
  );
  check(
    'the output hashes to outputRoot',
    sameHex(plainRoot(outputTree(view.salt, output)), receipt.outputRoot),
  );
  const citations = view.citations ?? [];
  check(
    'the cited rows hash to contextRoot',
    isContextOf(receipt, citations.map(contextRowOf)),
    'the rows that the node shows are not the ones that the receipt commits to',
  );
  checks.push(...(await checkRows(sources, citations)));
  check('the output has the length that is billed', output.length === receipt.outputLength);

  if (terms.scheme === 0) return checks;
  const adapter = await adapters.load(receipt.modelId, terms);
  checks.push(...adapter.checks);
  const asked =
    request.prompt === undefined
      ? withContext(
          request.messages,
          citations.map(({ text }) => text),
        )
      : [request.prompt].flat()[0]!;
  const recomputed = await recompute(adapter, terms.scheme, asked, view.output);
  if ((terms.scheme & SCHEME.retrieval) !== 0) {
    const found = retrievalEvidence(citations.map(contextRowOf));
    recomputed.evidence = selectEvidence([...recomputed.evidence, ...found], terms.scheme);
  }
  check(
    'the spans, the rows, the query vector and the scores come out the same',
    sameEvidence(recomputed.evidence, listed),
    difference(recomputed.evidence, listed),
  );
  if (recomputed.queryVector !== undefined) {
    check(
      'the query vector hashes to queryHash',
      sameHex(queryHashOf(receipt, terms.scheme, recomputed.queryVector), attribution.queryHash),
    );
    if (attribution.queryVector !== null)
      check(
        'the published query vector is the recomputed one',
        sameHex(
          hashQueryVector(fromInt8Bytes(fromHex(attribution.queryVector))),
          hashQueryVector(recomputed.queryVector),
        ),
      );
  }
  return checks;
}

/** Whether each cited row is in its contribution, as it was submitted. */
async function checkRows(sources: ReceiptSources, citations: readonly CitedRow[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { asset, row, text } of citations) {
    const rows = await submittedRows(sources, asset);
    const ok = rows !== undefined && rows[row] !== undefined && fromUtf8(rows[row].bytes) === text;
    const detail =
      rows === undefined ? 'the contribution is not what was submitted' : 'it has another row there';
    const name = `row ${row} of asset ${asset} is in its contribution`;
    checks.push(ok ? { name, ok } : { name, ok, detail });
  }
  return checks;
}

/** A contribution's rows from the content store; undefined where they are not what the chain says. */
async function submittedRows(sources: ReceiptSources, asset: number): Promise<Row[] | undefined> {
  const [submitted] = await sources.chain.getContractEvents({
    address: sources.book.contracts.DatanetRegistry,
    abi: datanetRegistryAbi,
    eventName: 'ContributionSubmitted',
    args: { contributionId: parseAsset(asset)?.tokenId ?? 0 },
    fromBlock: BigInt(sources.book.startBlock),
    strict: true,
  });
  if (submitted === undefined) return undefined;
  const { uri, rowsRoot } = submitted.args.input;
  const rows = splitRows(await sources.blob(parseStoreUri(uri)));
  return sameHex(plainRoot(rowsTree(rows)), rowsRoot) ? rows : undefined;
}

async function recompute(
  adapter: AdapterEvidence,
  scheme: number,
  asked: Asked,
  output: string,
): Promise<{ evidence: Evidence[]; queryVector: Int8Array | undefined }> {
  const evidence: Evidence[] = [];
  let queryVector: Int8Array | undefined;
  if ((scheme & SCHEME.span) !== 0)
    evidence.push(...adapter.spans(stringToBytes(output)).map((s) => spanEvidence(s.asset, s)));
  if ((scheme & SCHEME.influence) !== 0) {
    const query = await adapter.query(asked, output);
    queryVector = query;
    evidence.push(
      ...adapter.sketches.map((sketch) => influenceEvidence(sketch.asset, influenceScore(sketch, query))),
    );
  }
  return { evidence: selectEvidence(evidence, scheme), queryVector };
}

const text = ({ asset, kind, score, evidence }: Evidence) => `${asset}/${kind}/${score}/${evidence}`;

const sameEvidence = (a: Evidence[], b: Evidence[]) => a.map(text).join() === b.map(text).join();

const sameItems = (a: Item[], b: Item[]) =>
  sameEvidence(a, b) && a.every(({ amount }, index) => amount === b[index].amount);

function difference(recomputed: Evidence[], listed: Evidence[]): string {
  const index = recomputed.findIndex((one, i) => listed[i] === undefined || text(one) !== text(listed[i]));
  const show = (one: Evidence | undefined) =>
    one === undefined ? 'nothing' : `asset ${one.asset}, kind ${one.kind}, score ${one.score}`;
  const at = index < 0 ? recomputed.length : index;
  return `item ${at}: recomputed ${show(recomputed[at])}, the receipt lists ${show(listed[at])}`;
}
