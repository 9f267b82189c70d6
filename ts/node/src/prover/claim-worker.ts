import { parentPort, workerData } from 'node:worker_threads';
import { buildClaim } from '@openledger/sdk/protocol/claims';
import type { ClaimWork } from './large-claim.ts';

const { terms, ...input } = workerData as ClaimWork;
const { claim, claimId, claimData, locator, dump } = buildClaim({ ...input, terms: (id) => terms.get(id)! });
parentPort!.postMessage({ claim, claimId, claimData, locator, dump }, [dump.buffer]);
