import type { Hex } from 'viem';
import { inferenceEscrowAbi } from '../generated/abis.ts';
import { randomSalt } from '../protocol/content.ts';
import { type ActionClient, eventOf, type OnChain, type Sent, transact } from './transact.ts';

/** Opens a payment channel with a node and deposits `deposit` wei. `signer` signs the vouchers: by default the caller. */
export async function openChannel(
  client: ActionClient,
  parameters: OnChain & { nodeId: number; deposit: bigint; signer?: Hex; nonce?: Hex },
): Promise<Sent & { channelId: Hex }> {
  const { book, nodeId, deposit, signer = client.account.address, nonce = randomSalt() } = parameters;
  const sent = await transact(client, {
    book,
    contract: 'InferenceEscrow',
    abi: inferenceEscrowAbi,
    functionName: 'openChannel',
    args: [nodeId, signer, nonce],
    value: deposit,
  });
  return { ...sent, channelId: eventOf(sent.receipt, inferenceEscrowAbi, 'ChannelOpened').channelId };
}
