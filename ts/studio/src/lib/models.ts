import { z } from 'zod';
import { getJson } from './http.ts';
import { address, hex, integer, wei } from './schemas.ts';

const modelSchema = z
  .object({
    id: z.string(),
    owned_by: address,
    openledger: z.object({
      modelId: integer,
      name: z.string(),
      kind: z.enum(['base', 'adapter']),
      uri: z.string(),
      terms: z.object({
        parent: integer,
        royaltyBps: integer,
        scheme: integer,
        treeDepth: integer,
        sigmaCap: integer,
        weightsHash: hex,
        runId: hex,
        sketchRoot: hex,
        corpusRoot: hex,
        baselineRoot: hex,
        basisHash: hex,
      }),
      prices: z.object({ activation: wei, baseFee: wei, inputPer1k: wei, outputPer1k: wei }),
      resident: z.boolean(),
    }),
  })
  .transform(({ id, owned_by, openledger }) => ({ id, owner: owned_by, ...openledger }));

/** A model that the node serves, with its terms and prices. */
export type ServedModel = z.infer<typeof modelSchema>;

/** What the node serves. */
export async function listModels(nodeUrl: string): Promise<ServedModel[]> {
  return (await getJson(`${nodeUrl}/v1/models`, z.object({ data: z.array(modelSchema) }))).data;
}

const cardSchema = z.object({
  sketches: hex,
  contributions: z.array(
    z.object({ asset: integer, contentRoot: hex, byteLength: integer, uri: z.string(), datanet: integer }),
  ),
});

/** What an adapter's card says about its evidence. */
export type ModelCard = z.infer<typeof cardSchema>;

/** Reads a model card from its bytes. */
export function parseCard(bytes: Uint8Array): ModelCard {
  return cardSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}
