import { attributionSettlementAbi, modelRegistryAbi, protocolParametersAbi } from '@openledger/sdk/abis';
import type { ModelTerms, Parameters } from '@openledger/sdk/protocol/parameters';
import type { Hex } from 'viem';
import type { Chain } from './chain.ts';

/** Status of a claim in storage terms; the view already counts time. */
export const CLAIM_STATUS = ['none', 'proposed', 'final', 'rejected', 'vetoed'] as const;
export type ClaimStatus = (typeof CLAIM_STATUS)[number];

/** Reads of the settlement and of what a claim depends on. Immutable things are read once. */
export function createSettlementState(chain: Chain) {
  const settlement = {
    address: chain.contracts.AttributionSettlement,
    abi: attributionSettlementAbi,
  } as const;
  const parameters = { address: chain.contracts.ProtocolParameters, abi: protocolParametersAbi } as const;
  const registry = { address: chain.contracts.ModelRegistry, abi: modelRegistryAbi } as const;
  const versions = new Map<number, Parameters>();
  const terms = new Map<number, ModelTerms>();
  const { client } = chain;

  return {
    node: (nodeId: number) => client.readContract({ ...settlement, functionName: 'node', args: [nodeId] }),
    paid: (nodeId: number, asset: number) =>
      client.readContract({ ...settlement, functionName: 'paid', args: [nodeId, asset] }),
    async claimRecord(claimId: Hex) {
      const record = await client.readContract({
        ...settlement,
        functionName: 'claimRecord',
        args: [claimId],
      });
      return { ...record, status: CLAIM_STATUS[record.status] ?? 'none' };
    },
    currentVersion: () => client.readContract({ ...parameters, functionName: 'currentVersion' }),
    async parameters(version: number): Promise<Parameters> {
      const known = versions.get(version);
      if (known !== undefined) return known;
      const read = await client.readContract({ ...parameters, functionName: 'parameters', args: [version] });
      versions.set(version, read);
      return read;
    },
    async terms(modelId: number): Promise<ModelTerms> {
      const known = terms.get(modelId);
      if (known !== undefined) return known;
      const read = await client.readContract({ ...registry, functionName: 'terms', args: [modelId] });
      terms.set(modelId, read);
      return read;
    },
  };
}

export type SettlementState = ReturnType<typeof createSettlementState>;
