import { z } from '@hono/zod-openapi';
import type { Claim } from '@openledger/sdk/protocol/claims';
import type { Context } from 'hono';
import type { Hex } from 'viem';
import { limitBody } from '../gateway/body-limit.ts';
import { jsonResponse } from '../gateway/json.ts';
import { type Api, addOperation, createApi, type Operation } from '../gateway/operation.ts';
import { claimSchema, hash, hexBytes, natural } from '../gateway/schemas.ts';
import type { Attester } from './attester.ts';

/** More than a store's URI takes. */
const MAX_LOCATOR = 1_026;
/** More than a claim, a hash and a locator take. */
const MAX_BODY_BYTES = 16_384;

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
    'Put claimData, the dump that the locator names and the dump of the parent into `/v1/store` first. The signature is an argument of `AttributionSettlement.proposeClaimElsewhere`. Claims wait for one another; with 429 ask again after `retry-after`.',
  body,
  answer: {
    description: 'EIP-712 `DataHeld(bytes32 claimId)` by the wallet of the agent `validatorId`.',
    json: z.object({ validatorId: natural, signature: hexBytes }),
  },
  refusals: [403, 404, 429, 503],
} as const satisfies Operation<z.infer<typeof body>, unknown, unknown>;

/** `POST /v1/attestations`. `caller` tells who a request counts for. */
export function validatorRoutes(
  attester: Attester,
  validatorId: number,
  caller: (request: Context) => string,
): Api {
  const app = createApi();
  app.use(attestData.path, limitBody(MAX_BODY_BYTES));
  addOperation(app, attestData, async (context, { body: held }) =>
    jsonResponse({ validatorId, signature: await attester.attest(held, caller(context)) }),
  );
  return app;
}
