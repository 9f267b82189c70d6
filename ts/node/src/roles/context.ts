import type { BaseModel } from '@openledger/engine/model/base';
import type { Hono, Context as HttpContext } from 'hono';
import type { Chain } from '../chain/chain.ts';
import type { Config } from '../config.ts';
import { describe, NodeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ModelCatalog } from '../models/types.ts';
import type { BlobStore } from '../store/types.ts';
import type { Telemetry, TelemetrySources } from '../telemetry.ts';

/** What all roles share, and what they add to. */
export type Context = {
  config: Config;
  log: Log;
  chain: Chain;
  store: BlobStore;
  catalog: ModelCatalog;
  base: () => Promise<BaseModel>;
  routes: Hono[];
  telemetry: Telemetry;
  /** What the telemetry reads, added by the roles that have it. */
  sources: TelemetrySources;
  /** Runs in reverse order. */
  onClose: (() => Promise<unknown>)[];
  /** Who a request counts for. */
  caller(request: HttpContext): string;
};

/** Seconds since 1970. */
export const now = () => Math.floor(Date.now() / 1000);

/** Runs `make` at the first call and gives everyone its result; a failure is tried again. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made === undefined) {
      made = make().catch((error: unknown) => {
        made = undefined;
        throw new NodeError('model_unusable', describe(error), 'Check --base.', { cause: error });
      });
    }
    return made;
  };
}
