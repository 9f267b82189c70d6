import type { Hex } from 'viem';
import { attributionSettlementAbi } from '../generated/abis.ts';
import type { Claim } from '../protocol/claims.ts';
import type { FraudProof } from '../protocol/fraud.ts';
import { type ActionClient, eventOf, type OnChain, type Sent, transact } from './transact.ts';

/** Rejects a claim by a proof that `findFraud` found. The reward goes to `rewardTo`, by default the caller. */
export async function proveFraud(
  client: ActionClient,
  parameters: OnChain & {
    claim: Claim;
    proof: Pick<FraudProof, 'predicate' | 'witness'>;
    rewardTo?: Hex;
  },
): Promise<Sent & { reward: bigint; burned: bigint }> {
  const { book, claim, proof, rewardTo = client.account.address } = parameters;
  const sent = await transact(client, {
    book,
    contract: 'AttributionSettlement',
    abi: attributionSettlementAbi,
    functionName: 'proveFraud',
    args: [claim, book.contracts[proof.predicate], proof.witness, rewardTo],
  });
  const { reward, burned } = eventOf(sent.receipt, attributionSettlementAbi, 'FraudProven');
  return { ...sent, reward, burned };
}
