import { Worker } from 'node:worker_threads';
import type { BuiltClaim, ClaimInput } from '@openledger/sdk/protocol/claims';
import type { ModelTerms } from '@openledger/sdk/protocol/parameters';

/** What is proposed, and published before. */
export type ClaimToPropose = Pick<BuiltClaim, 'claim' | 'claimId' | 'claimData' | 'locator' | 'dump'>;

/** A claim's input that can be sent to another thread: with the terms of every model that it names. */
export type ClaimWork = Omit<ClaimInput, 'terms'> & { terms: ReadonlyMap<number, ModelTerms> };

/** `buildClaim` in a thread of its own: thousands of receipts take seconds, in which the gateway goes on answering. */
export function buildLargeClaim(work: ClaimWork): Promise<ClaimToPropose> {
  const worker = new Worker(new URL('./claim-worker.ts', import.meta.url), { workerData: work });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`The thread that builds a claim ended with ${code}.`)));
  });
}
