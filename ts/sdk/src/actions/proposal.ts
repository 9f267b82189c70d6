import type { Hex } from 'viem';
import { keccak, utf8 } from '../protocol/bytes.ts';

/** What the governor is asked to do. It keeps only a hash, so that whoever queues or executes gives it again. */
export type Proposal = {
  targets: readonly Hex[];
  values: readonly bigint[];
  calldatas: readonly Hex[];
  description: string;
};

/** A proposal as `queue` and `execute` want it. */
export function proposalArgs({ targets, values, calldatas, description }: Proposal) {
  return [targets, values, calldatas, keccak(utf8(description))] as const;
}
