import { parseStoreUri } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';
import { z } from 'zod';
import { getJson } from './http.ts';
import { address, hex, integer, wei } from './schemas.ts';

/** Asks the indexer's GraphQL; `items` are checked one by one. */
async function ask<T>(
  indexerUrl: string,
  query: string,
  schema: z.ZodType<T>,
  variables: Record<string, string> = {},
): Promise<T> {
  const answer = await getJson(
    `${indexerUrl}/graphql`,
    z.object({ data: z.unknown(), errors: z.array(z.object({ message: z.string() })).optional() }),
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    },
  );
  if (answer.errors !== undefined) throw new Error(`The indexer: ${answer.errors[0]?.message}`);
  const parsed = schema.safeParse(answer.data);
  if (parsed.success) return parsed.data;
  throw new Error(
    `The indexer answered in an unexpected shape (${z.prettifyError(parsed.error)}). Run \`npm start\` again.`,
  );
}

const items = <T>(item: z.ZodType<T>) => z.object({ items: z.array(item) }).transform((list) => list.items);

const datanet = z.object({
  id: integer,
  owner: address,
  name: z.string(),
  subject: z.string(),
  licences: z.array(z.string()),
  version: hex,
  submitted: integer,
  accepted: integer,
  rows: integer,
});

/** A datanet as the indexer knows it. */
export type Datanet = z.infer<typeof datanet>;

/** All datanets, the oldest first. */
export async function listDatanets(indexerUrl: string): Promise<Datanet[]> {
  const query = `{ datanets(limit: 1000, orderBy: "id", orderDirection: "asc") {
    items { id owner name subject licences version submitted accepted rows } } }`;
  return (await ask(indexerUrl, query, z.object({ datanets: items(datanet) }))).datanets;
}

const contribution = z
  .object({
    id: integer,
    asset: integer,
    datanetId: integer,
    contributor: address,
    owner: address.nullable(),
    status: z.enum(['submitted', 'accepted', 'rejected', 'expired', 'tombstoned', 'duplicate']),
    licence: z.string(),
    contentRoot: hex,
    byteLength: integer,
    rowCount: integer,
    uri: z.string(),
    earned: wei,
  })
  .transform(({ owner, status, ...rest }) => ({
    ...rest,
    owner: owner ?? rest.contributor,
    state: status,
    blob: blobOf(rest.uri),
  }));

function blobOf(uri: string): Hex | undefined {
  try {
    return parseStoreUri(uri);
  } catch {
    return undefined;
  }
}

/** A contribution. Its owner is who earns; until it is accepted, its contributor. */
export type Contribution = z.infer<typeof contribution>;

/** All contributions, the oldest first. */
export async function listContributions(indexerUrl: string): Promise<Contribution[]> {
  const query = `{ contributions(limit: 1000, orderBy: "id", orderDirection: "asc") { items {
    id asset datanetId contributor owner status licence contentRoot byteLength rowCount uri earned } } }`;
  return (await ask(indexerUrl, query, z.object({ contributions: items(contribution) }))).contributions;
}

const registered = z.object({
  id: integer,
  kind: z.enum(['base', 'adapter']),
  owner: address,
  runId: hex.nullable(),
  earned: wei,
});

/** A model of the registry. */
export type RegisteredModel = z.infer<typeof registered>;

/** All models of the registry, the oldest first. */
export async function listRegistered(indexerUrl: string): Promise<RegisteredModel[]> {
  const query = `{ models(limit: 1000, orderBy: "id", orderDirection: "asc") {
    items { id kind owner runId earned } } }`;
  return (await ask(indexerUrl, query, z.object({ models: items(registered) }))).models;
}

const run = z.object({
  id: hex,
  owner: address,
  totalSteps: integer,
  step: integer,
  adapterHash: hex.nullable(),
  checkpoints: items(z.object({ step: integer, stepsRoot: hex, checkpointHash: hex, anchoredAt: integer })),
});

/** A training run with its checkpoints on chain. */
export type Run = z.infer<typeof run>;

/** One run; null when it was never opened on chain. */
export async function readRun(indexerUrl: string, runId: Hex): Promise<Run | null> {
  const query = `query ($id: String!) { run(id: $id) { id owner totalSteps step adapterHash
    checkpoints(limit: 1000, orderBy: "step", orderDirection: "asc") {
      items { step stepsRoot checkpointHash anchoredAt } } } }`;
  return (await ask(indexerUrl, query, z.object({ run: run.nullable() }), { id: runId.toLowerCase() })).run;
}

const paid = z.object({
  id: z.string(),
  kind: z.string(),
  nodeId: integer.nullable(),
  asset: integer.nullable(),
  payee: address,
  amount: wei,
  paidAt: integer,
  transactionHash: hex,
});

/** A payment that was made. */
export type Paid = z.infer<typeof paid>;

/** All payments, the newest first. */
export async function listPaid(indexerUrl: string): Promise<Paid[]> {
  const query = `{ payouts(limit: 1000, orderBy: "paidAt", orderDirection: "desc") {
    items { id kind nodeId asset payee amount paidAt transactionHash } } }`;
  return (await ask(indexerUrl, query, z.object({ payouts: items(paid) }))).payouts;
}

const claim = z.object({
  id: hex,
  nodeId: integer,
  seq: integer,
  proposer: integer,
  receiptCount: integer,
  fees: wei,
  payoutsTotal: wei,
  status: z.enum(['proposed', 'final', 'rejected', 'vetoed']),
  end: integer,
  proposedAt: integer,
  transactionHash: hex,
});
const fraudProof = z.object({
  claimId: hex,
  nodeId: integer,
  predicate: address,
  rewardTo: address,
  reward: wei,
  burned: wei,
  provenAt: integer,
  transactionHash: hex,
});

/** A claim with its place in the dispute. */
export type IndexedClaim = z.infer<typeof claim>;
/** A proof that a claim was false. */
export type FraudProof = z.infer<typeof fraudProof>;

/** All claims of all nodes and the proofs against them, the newest first. */
export async function listClaims(
  indexerUrl: string,
): Promise<{ claims: IndexedClaim[]; proofs: FraudProof[] }> {
  const query = `{
    claims(limit: 200, orderBy: "proposedAt", orderDirection: "desc") { items {
      id nodeId seq proposer receiptCount fees payoutsTotal status end proposedAt transactionHash } }
    fraudProofs(limit: 200, orderBy: "provenAt", orderDirection: "desc") { items {
      claimId nodeId predicate rewardTo reward burned provenAt transactionHash } } }`;
  const answer = await ask(
    indexerUrl,
    query,
    z.object({ claims: items(claim), fraudProofs: items(fraudProof) }),
  );
  return { claims: answer.claims, proofs: answer.fraudProofs };
}
