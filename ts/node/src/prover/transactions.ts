import { attributionSettlementAbi } from '@openledger/sdk/abis';
import { keccak } from '@openledger/sdk/protocol/bytes';
import { DATA_SCHEME } from '@openledger/sdk/protocol/claim-data';
import type { SignedVoucher } from '@openledger/sdk/protocol/vouchers';
import type { Hex } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import { confirmed, revertOf } from '../chain/transact.ts';
import { NodeError } from '../errors.ts';
import type { SealedEpoch } from '../ledger/channel.ts';
import type { Attestation } from './data-holders.ts';
import type { ClaimToPropose } from './large-claim.ts';

/** What a prover sends to the settlement; each resolves once it is mined. A refusal says why: `not_allowed`. */
export type SettlementTransactions = {
  redeem(epochs: readonly SealedEpoch[]): Promise<Hex>;
  /** A claim with its data in calldata, over these vouchers, too. */
  propose(built: ClaimToPropose, epochs: readonly SealedEpoch[]): Promise<Hex>;
  /** A claim whose data validators hold. */
  proposeHeld(built: ClaimToPropose, attestations: readonly Attestation[]): Promise<Hex>;
};

export function createSettlementTransactions(deps: {
  chain: Chain;
  wallet: ChainWallet;
  nodeId: number;
}): SettlementTransactions {
  const { chain, wallet, nodeId } = deps;
  const { client, contracts } = chain;
  const settlement = { address: contracts.AttributionSettlement, abi: attributionSettlementAbi } as const;
  const call = { ...settlement, account: wallet.account };

  async function send(what: string, submit: () => Promise<Hex>): Promise<Hex> {
    let hash: Hex;
    try {
      hash = await submit();
    } catch (error) {
      throw refused(what, error);
    }
    await confirmed(chain, hash, what);
    return hash;
  }

  return {
    redeem: (epochs) =>
      send('redemption', async () => {
        const args = [nodeId, signedOf(epochs)] as const;
        const { request } = await client.simulateContract({ ...call, functionName: 'redeem', args });
        return wallet.writeContract(request);
      }),
    propose: ({ claim, claimData, locator }, epochs) =>
      send('claim', async () => {
        if (epochs.length === 0) {
          const args = [claim, claimData, locator] as const;
          const { request } = await client.simulateContract({ ...call, functionName: 'proposeClaim', args });
          return wallet.writeContract(request);
        }
        const args = [nodeId, signedOf(epochs), claim, claimData, locator] as const;
        const { request } = await client.simulateContract({
          ...call,
          functionName: 'redeemAndPropose',
          args,
        });
        return wallet.writeContract(request);
      }),
    proposeHeld: ({ claim, claimData, locator }, attestations) =>
      send('claim', async () => {
        const args = [claim, DATA_SCHEME.validators, keccak(claimData), locator, attestations] as const;
        const { request } = await client.simulateContract({
          ...call,
          functionName: 'proposeClaimElsewhere',
          args,
        });
        return wallet.writeContract(request);
      }),
  };
}

/** What a call of the settlement was refused for, in words; any other error as it is. */
function refused(what: string, error: unknown): unknown {
  const revert = revertOf(error);
  if (revert === undefined) return error;
  return new NodeError(
    'not_allowed',
    `The settlement refuses the ${what}: ${revert.name}(${revert.args.join(', ')}).`,
    'If it is about stake, add stake to the node’s agent; else it is tried again with the next look at the chain.',
    { cause: error },
  );
}

/** Vouchers as the node itself redeems them. */
function signedOf(epochs: readonly SealedEpoch[]): SignedVoucher[] {
  return epochs.map(({ voucher }) => ({ ...voucher, acceptance: '0x' }));
}
