import { hashSchema } from '@openledger/sdk/protocol/store';
import { z } from 'zod';

const uint = z.number().int().min(0);
const storeUri = z.string().regex(/^store:0x[0-9a-f]{64}$/i);

/** A contribution that an adapter learned from and is compared with. */
export const cardContribution = z.object({
  asset: uint,
  contentRoot: hashSchema,
  byteLength: uint,
  uri: storeUri,
  rowCount: uint,
  datanet: uint,
});

const measured = { loss: z.number(), perplexity: z.number() };
const cardEvaluation = z.object({
  step: uint,
  ...measured,
  datanets: z.array(z.object({ datanet: uint, tokens: uint, ...measured })).readonly(),
});

/** What an adapter's `uri` leads to: the hashes of everything behind its commitments. Version 1. */
export const modelCard = z.object({
  type: z.literal('adapter'),
  name: z.string().min(1).max(100),
  parent: uint,
  /** Folder in PEFT layout. */
  adapter: hashSchema,
  /** The run's manifest; its hash is the run id. */
  runManifest: hashSchema,
  /** The step records, one JSON line each. */
  steps: hashSchema,
  sketches: hashSchema,
  rows: hashSchema,
  basis: hashSchema,
  corpus: hashSchema,
  baseline: hashSchema,
  datanets: z.array(uint),
  contributions: z.array(cardContribution),
  /** What was known of the data when the job was made (`datasetReport` of the engine). */
  dataset: hashSchema.nullable().default(null),
  /** How well the model predicted rows that it never trained on, before, during and after its training. */
  evaluations: z.array(cardEvaluation).default([]),
  metrics: z.record(z.string(), z.number()),
});

export type ModelCard = z.infer<typeof modelCard>;
export type CardContribution = z.infer<typeof cardContribution>;
