import { setTimeout as delay } from 'node:timers/promises';
import type { Hex } from 'viem';
import { describe } from '../errors.ts';
import type { NodeSigner } from '../identity/signer.ts';
import type { AttributionEntry } from '../ledger/entries.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../log.ts';
import type { ModelCatalog, VerifiedAdapter } from '../models/types.ts';
import { attributeReceipt, type EvidenceEngine } from './attribute.ts';

export type AttributionQueueDeps = {
  ledger: Ledger;
  catalog: Pick<ModelCatalog, 'find' | 'verify'>;
  engine: EvidenceEngine;
  signer: NodeSigner;
  log: Log;
  now(): number;
};

export type AttributionQueue = {
  /** Says that there may be receipts without attribution. */
  wake(): void;
  /** The attribution of a receipt, as soon as there is one. */
  ensure(hash: Hex): Promise<AttributionEntry>;
  close(): Promise<void>;
};

/**
 * Attributes receipts one after the other, off the request path. The journal is the queue: what has no attribution
 * in it is attributed, also after a crash, and a failed attribution is tried again.
 */
export function createAttributionQueue(deps: AttributionQueueDeps): AttributionQueue {
  const stop = new AbortController();
  const waiting = new Map<Hex, { resolve: () => void; reject: (error: unknown) => void }[]>();
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    let wait = 1_000;
    while (!stop.signal.aborted) {
      const [next] = deps.ledger.unattributed;
      if (next === undefined) return;
      try {
        await attribute(next);
        wait = 1_000;
      } catch (error) {
        if (stop.signal.aborted) return;
        deps.log.error({ receipt: next, error: describe(error) }, 'an attribution failed and is tried again');
        await delay(wait, undefined, { signal: stop.signal }).catch(() => undefined);
        wait = Math.min(2 * wait, 30_000);
      }
    }
  }

  async function attribute(hash: Hex): Promise<void> {
    const started = Date.now();
    const entry = await deps.ledger.receipt(hash);
    if (entry === undefined) throw new Error(`Receipt ${hash} is not in the ledger.`);
    const model = await deps.catalog.find(`ol-${entry.receipt.modelId}`);
    const adapter: VerifiedAdapter | undefined =
      model.kind === 'adapter' ? await deps.catalog.verify(model) : undefined;
    const { engine, signer } = deps;
    const attribution = await attributeReceipt({ entry, adapter, engine, signer, now: deps.now() });
    await deps.ledger.append(attribution);
    deps.log.info(
      { receipt: hash, evidence: attribution.evidence.length, ms: Date.now() - started },
      'attributed',
    );
    for (const { resolve } of waiting.get(hash) ?? []) resolve();
    waiting.delete(hash);
  }

  function wake(): void {
    if (stop.signal.aborted) return;
    running ??= run().finally(() => {
      running = undefined;
      if (deps.ledger.unattributed.size > 0) wake();
    });
  }

  wake();
  return {
    wake,
    async ensure(hash) {
      if (!deps.ledger.isAttributed(hash)) {
        wake();
        await new Promise<void>((resolve, reject) => {
          waiting.set(hash, [...(waiting.get(hash) ?? []), { resolve, reject }]);
        });
      }
      const attribution = await deps.ledger.attribution(hash);
      if (attribution === undefined) throw new Error(`Receipt ${hash} is not in the ledger.`);
      return attribution;
    },
    async close() {
      stop.abort();
      await running;
      for (const { reject } of [...waiting.values()].flat()) reject(new Error('The node is stopping.'));
    },
  };
}
