import type { Chain } from '../chain/chain.ts';
import type { Inbox } from './inbox.ts';
import { QUOTE_SECONDS } from './quotes.ts';
import type { Scheme } from './scheme.ts';
import { createVerifier, paymentIn } from './verify.ts';

/** A fixed price by ERC-3009 transfer: it is the deposit of a channel before the answer begins, and the fee. */
export function createExact(chain: Chain, inbox: Inbox): Scheme {
  const verify = createVerifier(chain, inbox);
  return {
    requirements: (amount) => ({
      scheme: 'exact',
      network: `eip155:${chain.viemChain.id}`,
      amount: amount.toString(),
      asset: chain.contracts.GovernanceOpen,
      payTo: inbox.address,
      maxTimeoutSeconds: QUOTE_SECONDS,
      // Taken before the answer begins: the node serves nothing that is not in the escrow.
      extra: { name: 'Governance OPEN', version: '1', paymentFlow: 'upfront' },
    }),
    read(offered, requirements) {
      const payment = paymentIn(offered);
      if (payment === undefined) return 'unsupported_payload_type';
      const { consumer, nonce } = payment;
      return {
        ...{ scheme: 'exact', consumer, nonce, amount: BigInt(requirements.amount) },
        spent: 'invalid_exact_evm_nonce_already_used',
        verify: async () => (await verify(offered, payment, requirements))?.reason,
        send: (channelNonce) => inbox.open(payment, channelNonce),
        sentBy: () => inbox.openedBy(consumer, nonce),
        left: async (channel) => channel.deposit - channel.settled,
      };
    },
  };
}
