import { fromHex } from '@openledger/sdk/protocol/bytes';
import { decodeDump, parseLocator } from '@openledger/sdk/protocol/dump';
import type { FraudContext } from '@openledger/sdk/protocol/open-claim';
import type { SeenClaim, SettlementReader } from '../chain/settlement-reader.ts';
import type { SettlementState } from '../chain/settlement-state.ts';
import { describe } from '../errors.ts';
import type { Log } from '../log.ts';
import type { BlobReader } from '../store/types.ts';
import { loadSettled } from './settled-state.ts';

export type ClaimContextDeps = {
  reader: SettlementReader;
  state: SettlementState;
  store: BlobReader;
  log: Log;
};

/** What opens a claim's trees: all that its logs, its dump and its parent say, without what its evidence is checked against. */
export async function claimContext(
  { reader, state, store, log }: ClaimContextDeps,
  seen: Pick<SeenClaim, 'claimId' | 'claim' | 'claimData' | 'dataHash' | 'locator'>,
  parent?: FraudContext['parent'],
): Promise<Omit<FraudContext, 'terms'>> {
  const { claim } = seen;
  const { batches } = reader.node(claim.nodeId);
  return {
    claim,
    claimData: (await loadData()) ?? seen.claimData,
    dump: await loadDump(),
    parent: parent ?? (await loadSettled(reader, store, claim.parent)),
    batches: batches.filter(({ number }) => claim.fromBatch <= number && number <= claim.toBatch),
    parameters: await state.parameters(claim.paramsVersion),
  };

  /** Data that is elsewhere, from wherever the store finds it by its hash. */
  async function loadData(): Promise<Uint8Array | undefined> {
    if (seen.dataHash === undefined) return undefined;
    try {
      return await store.get(seen.dataHash);
    } catch (error) {
      log.warn({ claim: seen.claimId, error: describe(error) }, 'the data of a claim cannot be had');
      return undefined;
    }
  }

  async function loadDump(): Promise<FraudContext['dump']> {
    try {
      return decodeDump(await store.get(parseLocator(fromHex(seen.locator))));
    } catch (error) {
      log.warn({ claim: seen.claimId, error: describe(error) }, 'the dump of a claim cannot be had');
      return undefined;
    }
  }
}
