// Opens a payment channel with the node of a running devnet, asks one question, and shows who is paid for the answer.
//
//   npm start
//   npm run ask -w @openledger/examples -- "What is the tower of Gull Finger built of?"
import { readFileSync } from 'node:fs';
import { openChannel } from '@openledger/sdk/actions/open-channel';
import { parseAddressBook } from '@openledger/sdk/addresses';
import { createInferenceClient } from '@openledger/sdk/client/inference-client';
import { createPublicClient, createWalletClient, formatEther, http, parseEther } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';

const rpc = process.env.OPENLEDGER_RPC_URL ?? 'http://127.0.0.1:8545';
const node = process.env.OPENLEDGER_NODE_URL ?? 'http://127.0.0.1:8650';
const deployment =
  process.env.OPENLEDGER_DEPLOYMENT ?? new URL('../../../deploy/31337.json', import.meta.url);
const question = process.argv[2] ?? 'What is the tower of Gull Finger built of?';

// A devnet account: its key is public. On another chain, bring your own.
const account = mnemonicToAccount('test test test test test test test test test test test junk', {
  addressIndex: 12,
});
const book = parseAddressBook(readFileSync(deployment, 'utf8'), foundry.id);
const chain = createPublicClient({ chain: foundry, transport: http(rpc) });
const wallet = createWalletClient({ account, chain: foundry, transport: http(rpc) });

const models = (await (await fetch(`${node}/v1/models`)).json()) as {
  data: { id: string; openledger: { kind: string; name: string } }[];
};
const model = models.data.findLast(({ openledger }) => openledger.kind === 'adapter');
if (model === undefined)
  throw new Error('No adapter is published yet. Run `npm start` first, it trains one.');
const { nodeId } = (await (await fetch(`${node}/health`)).json()) as { nodeId: number };

const { channelId } = await openChannel(wallet, { book, nodeId, deposit: parseEther('1') });
const client = createInferenceClient({
  nodeUrl: node,
  channelId,
  account,
  chain: { client: chain, book },
  isPublic: true,
});

process.stdout.write(`${model.openledger.name}: `);
for await (const event of client.chat({
  model: model.id,
  messages: [{ role: 'user', content: question }],
  max_tokens: 64,
  temperature: 0,
})) {
  if (event.type === 'text') process.stdout.write(event.text);
  else {
    const { receiptHash, receipt } = event.answer;
    console.log(`\n\nReceipt ${receiptHash}, ${formatEther(receipt.fee)} OPEN, signed by voucher.`);
    console.log(`Who is paid for it: ${node}/v1/receipts/${receiptHash}`);
    console.log(`Check it yourself:  npm run openledger -- receipt verify ${receiptHash}`);
  }
}
