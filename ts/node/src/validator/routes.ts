import { z } from '@hono/zod-openapi';
import type { Claim } from '@openledger/sdk/protocol/claims';
import type { Hex } from 'viem';
import { jsonResponse } from '../gateway/json.ts';
import { type Api, addOperation, createApi, type Operation } from '../gateway/operation.ts';
import { claimSchema, hash, hexBytes, natural } from '../gateway/schemas.ts';
import type { Attester } from './attester.ts';

/** More than a store's URI takes. */
const MAX_LOCATOR = 1_026;

const body = z
  .object({ claim: claimSchema, dataHash: hash, locator: hexBytes.max(MAX_LOCATOR) })
  .transform(({ claim, dataHash, locator }) => ({
    claim: { ...claim, fees: BigInt(claim.fees), payoutsTotal: BigInt(claim.payoutsTotal) } as Claim,
    dataHash: dataHash.toLowerCase() as Hex,
    locator: locator as Hex,
  }));

const attestData = {
  method: 'post',
  path: '/v1/attestations',
  tag: 'settlement',
  summary: "A validator's signature that it holds a claim's data and rebuilt its roots",
  description:
    'Put claimData, the dump that the locator names and the dump of the parent into `/v1/store` first. The signature is an argument of `AttributionSettlement.proposeClaimElsewhere`.',
  body,
  answer: {
    description: 'EIP-712 `DataHeld(bytes32 claimId)` by the wallet of the agent `validatorId`.',
    json: z.object({ validatorId: natural, signature: hexBytes }),
  },
  refusals: [403, 404, 503],
} as const satisfies Operation<z.infer<typeof body>, unknown, unknown>;

/** `POST /v1/attestations`. */
export function validatorRoutes(attester: Attester, validatorId: number): Api {
  const app = createApi();
  addOperation(app, attestData, async (_, { body: held }) =>
    jsonResponse({ validatorId, signature: await attester.attest(held) }),
  );
  return app;
}
