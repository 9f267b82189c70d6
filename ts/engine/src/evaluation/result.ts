import { hashSchema } from '@openledger/sdk/protocol/store';
import { z } from 'zod';

const natural = z.number().int().min(0);
const measurement = z.object({ loss: z.number(), perplexity: z.number() });
/** Mean loss in nats per token, and e to that. */
export type Measurement = z.infer<typeof measurement>;

/** What an evaluation found, as a model's card carries it. `adapter` columns are null for a base model. */
export const evaluationResult = z.object({
  type: z.literal('evaluation'),
  version: z.literal(1),
  base: z.object({ weightsHash: hashSchema, tokenizerHash: hashSchema }),
  /** Hash of the adapter's folder, or null. */
  adapter: hashSchema.nullable(),
  /** Package that computed it; another machine may differ in the last digits. */
  runtime: z.string(),
  perplexity: z.array(
    z.object({
      datanet: natural,
      name: z.string(),
      /** Whether the adapter learned from it. The others show what it forgot. */
      trained: z.boolean(),
      rows: natural,
      tokens: natural,
      base: measurement,
      adapter: measurement.nullable(),
    }),
  ),
  exactMatch: z.array(
    z.object({
      task: z.string(),
      questions: natural,
      /** Answers that were right to the letter. */
      base: natural,
      adapter: natural.nullable(),
    }),
  ),
  sideBySide: z.array(
    z.object({
      prompt: z.string(),
      temperature: z.number(),
      seed: natural,
      base: z.string(),
      adapter: z.string().nullable(),
    }),
  ),
});
export type EvaluationResult = z.infer<typeof evaluationResult>;
