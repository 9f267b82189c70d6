// One agent hires another: it finds it in the registry of agents (ERC-8004), reads its card (A2A), asks it a question,
// pays with OPEN by signature (x402), checks the receipt, and leaves feedback.
//
//   npm start
//   npm run agent-to-agent -w @openledger/examples -- "What is the tower of Gull Finger built of?"
import { readFileSync } from 'node:fs';
import { type Message, Role, type Task, TaskState } from '@a2a-js/sdk';
import { type Client, ClientFactory, ServiceParameters, withA2AExtensions } from '@a2a-js/sdk/client';
import {
  agentRegistryAbi,
  governanceOpenAbi,
  paymentInboxesAbi,
  reputationRegistryAbi,
} from '@openledger/sdk/abis';
import { registerAgent } from '@openledger/sdk/actions/register-agent';
import { wrapOpen } from '@openledger/sdk/actions/wrap-open';
import { parseAddressBook } from '@openledger/sdk/addresses';
import { hashReceipt, type Receipt } from '@openledger/sdk/protocol/receipts';
import { recoverReceiptIssuer } from '@openledger/sdk/protocol/vouchers';
import { x402Client } from '@x402/core/client';
import type { PaymentRequired } from '@x402/core/types';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import {
  createPublicClient,
  createWalletClient,
  formatEther,
  type Hex,
  http,
  isAddressEqual,
  parseEther,
  zeroHash,
} from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';

const rpc = process.env.OPENLEDGER_RPC_URL ?? 'http://127.0.0.1:8545';
const deployment =
  process.env.OPENLEDGER_DEPLOYMENT ?? new URL('../../../deploy/31337.json', import.meta.url);
const question = process.argv[2] ?? 'What is the tower of Gull Finger built of?';
const X402_EXTENSION = 'https://github.com/google-agentic-commerce/a2a-x402/blob/main/spec/v0.2';
/** What this agent spends on one answer at most. */
const LIMIT = parseEther('1');

// A devnet account: its key is public. On another chain, bring your own.
const account = mnemonicToAccount('test test test test test test test test test test test junk', {
  addressIndex: 18,
});
const book = parseAddressBook(readFileSync(deployment, 'utf8'), foundry.id);
const { contracts } = book;
const chain = createPublicClient({ chain: foundry, transport: http(rpc) });
const wallet = createWalletClient({ account, chain: foundry, transport: http(rpc) });
const agents = { address: contracts.AgentRegistry, abi: agentRegistryAbi } as const;

type Registration = {
  name: string;
  x402Support: boolean;
  services: { name: string; endpoint: string }[];
  registrations: { agentId: number; agentRegistry: string }[];
};
type ReceiptBlock = {
  nodeId: number;
  receiptHash: Hex;
  receipt: Omit<Receipt, 'fee'> & { fee: string };
  nodeSignature: Hex;
};

// The hirer is an agent too.
const self = await registerAgent(wallet, { book, uri: '' });
console.log(`I am agent ${self.agentId}.`);

const { agentId, name, cardUrl } = await findAgent();
console.log(`Agent ${agentId} can be hired: ${name}, ${cardUrl}`);
const client = await new ClientFactory().createFromUrl(cardUrl, '');
const card = await client.getAgentCard();
console.log(`Its skills: ${card.skills.map((skill) => skill.name).join(', ')}.`);

const asked = await send(client, { parts: [text(question)] });
const required = asked.status?.message?.metadata?.['x402.payment.required'] as PaymentRequired | undefined;
if (required === undefined) throw new Error(`It does not say what to pay: ${said(asked)}`);
const payment = await pay(required);

const done = await send(client, {
  taskId: asked.id,
  contextId: asked.contextId,
  parts: [text('Here is the payment.')],
  metadata: { 'x402.payment.status': 'payment-submitted', 'x402.payment.payload': payment },
});
if (done.status?.state !== TaskState.TASK_STATE_COMPLETED)
  throw new Error(`It did not answer: ${said(done)}`);
const [answer, block] = done.artifacts[0]?.parts ?? [];
if (answer?.content?.$case !== 'text' || block?.content?.$case !== 'data')
  throw new Error('The answer is no text.');
const receipt = await checkReceipt(block.content.value as ReceiptBlock);
console.log(`\n${answer.content.value}\n`);
console.log(`Receipt ${hashReceipt(receipt)}, ${formatEther(receipt.fee)} OPEN, signed by agent ${agentId}.`);
await rate();
console.log(`Who is paid for it: ${new URL(cardUrl).origin}/v1/receipts/${hashReceipt(receipt)}`);

/** The last agent whose registration leads back to the registry and that answers for pay. */
async function findAgent(): Promise<{ agentId: number; name: string; cardUrl: string }> {
  const count = Number(await chain.readContract({ ...agents, functionName: 'agentCount' }));
  for (let id = count; id > 0; id -= 1) {
    const uri = await chain.readContract({ ...agents, functionName: 'tokenURI', args: [BigInt(id)] });
    if (!uri.startsWith('http')) continue;
    const found = (await fetch(uri)
      .then((response) => response.json())
      .catch(() => undefined)) as Registration | undefined;
    const registry = `eip155:${book.chainId}:${contracts.AgentRegistry}`;
    const isOwn = found?.registrations?.some(
      (one) => one.agentId === id && one.agentRegistry.toLowerCase() === registry.toLowerCase(),
    );
    const a2a = found?.services?.find((service) => service.name === 'A2A');
    if (found?.x402Support && isOwn && a2a) return { agentId: id, name: found.name, cardUrl: a2a.endpoint };
  }
  throw new Error('No agent in the registry answers for pay. Run `npm start` first: its node does.');
}

/** Signs for the price, if it is within the limit and goes to the escrow rather than to the agent itself. */
async function pay(terms: PaymentRequired) {
  const [{ amount, asset, payTo }] = terms.accepts;
  const inbox = await chain.readContract({
    address: contracts.PaymentInboxes,
    abi: paymentInboxesAbi,
    functionName: 'inboxOf',
    args: [agentId],
  });
  if (!isAddressEqual(payTo as Hex, inbox))
    throw new Error(`It wants the money at ${payTo}, not in its inbox.`);
  const price = BigInt(amount);
  if (price > LIMIT) throw new Error(`It asks ${formatEther(price)} OPEN, more than I spend.`);
  console.log(`It asks ${formatEther(price)} OPEN.`);
  const gopen = { address: contracts.GovernanceOpen, abi: governanceOpenAbi } as const;
  const held = await chain.readContract({ ...gopen, functionName: 'balanceOf', args: [account.address] });
  if (held < price) await wrapOpen(wallet, { book, value: price - held });
  const network = `eip155:${book.chainId}` as const;
  return new x402Client()
    .register(network, new ExactEvmScheme(account))
    .setSpendControls({ allowedAssets: [{ network, asset: contracts.GovernanceOpen }] })
    .createPaymentPayload({ ...terms, accepts: terms.accepts.filter((one) => one.asset === asset) });
}

/** The receipt, once its node is known to have signed it at the price that was paid. */
async function checkReceipt({ receipt: json, nodeId, nodeSignature }: ReceiptBlock): Promise<Receipt> {
  const receipt: Receipt = { ...json, fee: BigInt(json.fee) };
  const domain = { chainId: book.chainId, verifyingContract: contracts.AttributionSettlement };
  const issuer = await recoverReceiptIssuer(domain, nodeId, hashReceipt(receipt), nodeSignature);
  const signer = await chain.readContract({
    ...agents,
    functionName: 'getAgentWallet',
    args: [BigInt(agentId)],
  });
  if (nodeId !== agentId || !isAddressEqual(issuer, signer))
    throw new Error('Somebody else signed the receipt.');
  if (receipt.fee !== BigInt(required?.accepts[0].amount ?? 0))
    throw new Error('The receipt has another price.');
  return receipt;
}

/** Leaves feedback about the agent in the registry of reputations. */
async function rate(): Promise<void> {
  const hash = await wallet.writeContract({
    address: contracts.ReputationRegistry,
    abi: reputationRegistryAbi,
    functionName: 'giveFeedback',
    args: [BigInt(agentId), 100n, 0, 'answered', 'x402', cardUrl, '', zeroHash],
  });
  await chain.waitForTransactionReceipt({ hash });
  console.log('I left feedback: 100 of 100.');
}

async function send(to: Client, message: Partial<Message>): Promise<Task> {
  const whole: Message = {
    messageId: crypto.randomUUID(),
    contextId: '',
    taskId: '',
    role: Role.ROLE_USER,
    parts: [],
    metadata: undefined,
    extensions: [X402_EXTENSION],
    referenceTaskIds: [],
    ...message,
  };
  const result = await to.sendMessage(
    { tenant: '', message: whole, configuration: undefined, metadata: undefined },
    { serviceParameters: ServiceParameters.create(withA2AExtensions(X402_EXTENSION)) },
  );
  if (!('status' in result)) throw new Error('It answered with a message rather than a task.');
  return result;
}

function said(task: Task): string {
  const content = task.status?.message?.parts[0]?.content;
  return content?.$case === 'text' ? content.value : 'nothing';
}

function text(value: string): Message['parts'][0] {
  return { content: { $case: 'text', value }, metadata: undefined, filename: '', mediaType: 'text/plain' };
}
