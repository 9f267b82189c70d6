import { cached } from '../chain/cached.ts';
import type { SettlementReader } from '../chain/settlement-reader.ts';
import type { SettlementState } from '../chain/settlement-state.ts';

/** A parameter within whose seconds the node must act. */
export type Deadline = 'exitDelay' | 'responseWindow';

/** The chain is looked at five times and more within a deadline, and once a minute at least. */
const LOOKS_MS = 1000 / 5;
const MAX_PAUSE_MS = 60_000;
const FRESH_MS = 2_000;

/**
 * How long the node may wait between two looks at the chain, in milliseconds, as votes have left it by now. What was asked
 * of a claim goes by the claim's version, and what was asked just before a vote by the version before.
 */
export function createLooks(deps: {
  nodeId: number;
  reader: Pick<SettlementReader, 'node'>;
  state: Pick<SettlementState, 'currentVersion' | 'parameters'>;
}): (deadline: Deadline) => Promise<number> {
  const { nodeId, reader, state } = deps;
  const currentVersion = cached(state.currentVersion, FRESH_MS);

  return async (deadline) => {
    const current = await currentVersion();
    const claimed = reader.node(nodeId).claims.map(({ claim }) => claim.paramsVersion);
    const versions = new Set([current, Math.max(1, current - 1), ...claimed]);
    const parameters = await Promise.all([...versions].map(state.parameters));
    const within = Math.min(...parameters.map((one) => one[deadline]));
    return Math.min(within * LOOKS_MS, MAX_PAUSE_MS);
  };
}
