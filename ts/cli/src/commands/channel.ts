import { textTable } from '@openledger/engine/dataset/text-table';
import { inferenceEscrowAbi } from '@openledger/sdk/abis';
import { requestExit } from '@openledger/sdk/actions/request-exit';
import { ActionError, eventOf } from '@openledger/sdk/actions/transact';
import { withdrawChannel } from '@openledger/sdk/actions/withdraw-channel';
import { Command } from 'commander';
import { formatEther, getAddress, type Hex, isAddress } from 'viem';
import {
  type CallerFlags,
  callerAccount,
  callerOptions,
  callerWallet,
  goOnline,
  parseId,
  timeOf,
} from '../chain/caller.ts';
import { type Channel, channelsOf, ownChannel } from '../channels/channels.ts';
import { CliError } from '../error.ts';
import { toJson } from '../json.ts';

const KEY = 'OPENLEDGER_KEY';

/** `openledger channel …`. */
export function channelCommand(): Command {
  const channel = new Command('channel').description(
    `payment channels that your address funds, as a consumer or as a node that gives calls away; the key is in ${KEY}`,
  );
  callerOptions(channel.command('list'), KEY)
    .description('your channels: what was paid in, what is spent and left, and when it can be withdrawn')
    .option('--address <address>', 'list those of this address; no key is needed')
    .action(listCommand);
  callerOptions(channel.command('exit <id>'), KEY)
    .description('ask for what is left back; the node can still redeem what you signed, for a while')
    .action(exitCommand);
  callerOptions(channel.command('withdraw <id>'), KEY)
    .description('take it, once that while is over')
    .action(withdrawCommand);
  return channel;
}

async function listCommand(flags: CallerFlags & { address?: string }): Promise<void> {
  const online = await goOnline(flags);
  const consumer = flags.address ?? callerAccount(online, flags, KEY).address;
  if (!isAddress(consumer, { strict: false }))
    throw new CliError(`--address: "${consumer}" is not an address (0x and 40 hexadecimal digits).`);
  const channels = await channelsOf(online, getAddress(consumer));
  if (flags.json) return console.log(toJson(channels));
  if (channels.length === 0) return console.log(`${consumer} has no channels.`);
  const rows = channels.map((one) => [
    ...[one.channelId, `node ${one.nodeId}`, one.purpose],
    ...[one.deposit, one.spent, one.left].map((wei) => formatEther(wei)),
    stateInWords(one),
  ]);
  console.log(textTable(['channel', 'with', 'for', 'deposit', 'spent', 'left', 'state'], rows));
  console.log('\nIn OPEN. What was signed and not settled yet is still counted as left.');
}

function stateInWords({ state, exitAt, exitAmount }: Channel): string {
  if (state === 'closing') return `${formatEther(exitAmount)} from ${timeOf(exitAt)}`;
  return state === 'ready' ? `${formatEther(exitAmount)} can be withdrawn` : state;
}

async function exitCommand(id: string, flags: CallerFlags): Promise<void> {
  const online = await goOnline(flags);
  const account = callerAccount(online, flags, KEY);
  const channelId = parseId(id, 'channel');
  const channel = await ownChannel(online, channelId, account.address);
  if (channel.left === 0n) throw new CliError(`Nothing is left on channel ${channelId}.`);
  // Asking again would begin the wait anew.
  const isAsked = channel.exitAt !== 0 && channel.exitAmount >= channel.left;
  let { exitAt, exitAmount: amount } = channel;
  let transaction: Hex | null = null;
  if (!isAsked) {
    const sent = await requestExit(callerWallet(online, account), { book: online.book, channelId });
    ({ exitAt, amount } = eventOf(sent.receipt, inferenceEscrowAbi, 'ExitRequested'));
    transaction = sent.hash;
  }
  if (flags.json) return console.log(toJson({ channelId, amount, exitAt, transaction }));
  console.log(
    [
      `${isAsked ? 'Asked for already' : 'Asked for'}: ${formatEther(amount)} OPEN, less what the node redeems until ${timeOf(exitAt)}.`,
      `Then: openledger channel withdraw ${channelId}`,
    ].join('\n'),
  );
}

async function withdrawCommand(id: string, flags: CallerFlags): Promise<void> {
  const online = await goOnline(flags);
  const account = callerAccount(online, flags, KEY);
  const channelId = parseId(id, 'channel');
  const { exitAt } = await ownChannel(online, channelId, account.address);
  if (exitAt === 0)
    throw new CliError(
      `Nothing was asked back from channel ${channelId}. First: openledger channel exit ${channelId}`,
    );
  const wallet = callerWallet(online, account);
  const { hash, receipt } = await withdrawChannel(wallet, { book: online.book, channelId }).catch((error) => {
    if (!(error instanceof ActionError) || error.reason !== 'InferenceEscrow_ExitNotReady') throw error;
    throw new CliError(`Channel ${channelId} can be withdrawn from ${timeOf(exitAt)} on.`, { cause: error });
  });
  const { amount } = eventOf(receipt, inferenceEscrowAbi, 'ChannelWithdrawn');
  if (flags.json) return console.log(toJson({ channelId, amount, transaction: hash }));
  console.log(`Withdrew ${formatEther(amount)} OPEN to ${account.address}.`);
}
