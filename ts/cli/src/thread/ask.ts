import { loadWorldQuestions } from '@openledger/models/world';
import { agentRegistryAbi, inferenceEscrowAbi, stakerRewardsAbi } from '@openledger/sdk/abis';
import { openChannel } from '@openledger/sdk/actions/open-channel';
import { stake } from '@openledger/sdk/actions/stake';
import { createInferenceClient } from '@openledger/sdk/client/inference-client';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { type Hex, isAddressEqual, keccak256, parseEther, stringToBytes } from 'viem';
import { ACCOUNT } from '../devnet/config.ts';
import { CliError } from '../error.ts';
import { fileStore, rememberVoucher } from './consumer-files.ts';
import { accountOf, addressOf, type ThreadContext, walletOf } from './context.ts';
import type { ContributedDatanet } from './contribute.ts';
import type { Step } from './step.ts';
import { unlessReverted } from './unless-reverted.ts';

/** A question; if it is one of the world's, with its answer and the one contribution that has it. */
export type Question = { question: string; answer?: string; asset?: number };
export type Asked = {
  questions: Question[];
  answers: string[];
  receipts: Hex[];
  fees: string;
  exact: number;
  firstTokenMs: number;
};

const QUESTIONS_PER_CONTRIBUTION = 1;
/** No row answers these: the model makes something up out of several, and several are paid. */
const OPEN_QUESTIONS = [
  'What is the light of Tallow Crown built of?',
  'Who looks after the lamp called Old Juniper?',
];
const DEPOSIT = parseEther('20');

/** A consumer opens a channel and asks; each answer is streamed, its receipt checked, and paid by voucher. */
export const askStep: Step = {
  name: 'ask',
  title: 'A consumer asks and signs vouchers',
  async run(context, earlier) {
    await ensureStaker(context);
    const datanets = earlier.contribute.datanets as ContributedDatanet[];
    const questions = [...chooseQuestions(datanets), ...OPEN_QUESTIONS.map((question) => ({ question }))];
    return { questions, ...(await askAll(context, questions, earlier.train.modelId as number)) };
  },
};

/** Asks every question over the consumer's channel. Answers are deterministic: temperature 0. */
export async function askAll(
  context: ThreadContext,
  questions: Question[],
  modelId: number,
): Promise<Omit<Asked, 'questions'>> {
  const channelId = await ensureChannel(context);
  const { config, book, chain } = context;
  const client = createInferenceClient({
    nodeUrl: config.urls.node,
    channelId,
    account: accountOf(ACCOUNT.consumer),
    chain: { client: chain, book },
    isPublic: true,
    store: fileStore(config.home),
  });
  const asked: Omit<Asked, 'questions'> = { answers: [], receipts: [], fees: '0', exact: 0, firstTokenMs: 0 };
  for (const { question, answer } of questions) {
    const request = {
      model: `ol-${modelId}`,
      messages: [{ role: 'user' as const, content: question }],
      max_tokens: 64,
      temperature: 0,
    };
    const started = Date.now();
    let pieces = 0;
    for await (const event of client.chat(request)) {
      if (event.type === 'text') {
        if (asked.answers.length === 0 && pieces === 0) asked.firstTokenMs = Date.now() - started;
        pieces++;
        continue;
      }
      const { text, receipt, receiptHash, voucher } = event.answer;
      if (pieces < 2)
        throw new CliError(`The answer to "${question}" was not streamed: it came in ${pieces} piece(s).`);
      if (voucher === undefined) throw new CliError('The consumer signed no voucher for an answer it got.');
      rememberVoucher(config.home, voucher);
      asked.answers.push(text);
      asked.receipts.push(receiptHash);
      asked.fees = String(BigInt(asked.fees) + receipt.fee);
      if (text.trim() === answer) asked.exact++;
      context.say(`${question} ${text.trim()}`);
    }
  }
  return asked;
}

/** The first questions of each contribution that the adapter was trained on. */
function chooseQuestions(datanets: ContributedDatanet[]): Question[] {
  const contributions = datanets
    .filter(({ asked }) => asked)
    .flatMap((d) => d.contributions.map((c) => ({ ...c, datanet: d.slug })));
  const all = loadWorldQuestions();
  return contributions.flatMap(({ id, slug, datanet }) =>
    all
      .filter((q) => q.datanet === datanet && q.contribution === slug)
      .slice(0, QUESTIONS_PER_CONTRIBUTION)
      .map(({ question, answer }) => ({ question, answer, asset: contributionAsset(id) })),
  );
}

/** The consumer's channel with the node of this devnet, opened once. */
async function ensureChannel(context: ThreadContext): Promise<Hex> {
  const { book, chain } = context;
  const nodeId = await nodeAgent(context);
  const nonce = keccak256(stringToBytes('the thread'));
  const escrow = { address: book.contracts.InferenceEscrow, abi: inferenceEscrowAbi } as const;
  const channelId = await chain.readContract({
    ...escrow,
    functionName: 'channelIdOf',
    args: [addressOf(ACCOUNT.consumer), nodeId, nonce],
  });
  const channel = await unlessReverted(
    chain.readContract({ ...escrow, functionName: 'channel', args: [channelId] }),
  );
  if (channel !== undefined && channel.deposit > 0n) return channelId;
  return (await openChannel(walletOf(context, ACCOUNT.consumer), { book, nodeId, deposit: DEPOSIT, nonce }))
    .channelId;
}

/** The agent that the devnet's node registered for itself. */
async function nodeAgent(context: ThreadContext): Promise<number> {
  const logs = await context.chain.getContractEvents({
    address: context.book.contracts.AgentRegistry,
    abi: agentRegistryAbi,
    eventName: 'Registered',
    fromBlock: BigInt(context.book.startBlock),
    strict: true,
  });
  const mine = logs.find(({ args }) => isAddressEqual(args.owner, addressOf(ACCOUNT.node)));
  if (mine === undefined) throw new CliError('The node has not registered its agent.');
  return Number(mine.args.agentId);
}

/** Somebody stakes, so that the stakers' share of the fees has a taker. */
async function ensureStaker(context: ThreadContext): Promise<void> {
  const { book, chain } = context;
  const staked = await chain.readContract({
    address: book.contracts.StakerRewards,
    abi: stakerRewardsAbi,
    functionName: 'totalStaked',
  });
  if (staked === 0n) await stake(walletOf(context, ACCOUNT.staker), { book, value: parseEther('100') });
}
