import type { CitedRow } from '@openledger/sdk/protocol/context';
import type { Voucher } from '@openledger/sdk/protocol/vouchers';
import type { Hex } from 'viem';
import { NodeError } from '../errors.ts';
import type { ChainChannel } from '../ledger/channel.ts';
import type { ListedModel, ModelCatalog, Prices, TextEngine } from '../models/types.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { ChatBody, CompletionBody } from './openai.ts';
import { makePrompt } from './prompt.ts';

/** A plain completion's default is OpenAI's. */
const DEFAULT_MAX_TOKENS = { chat: 256, completion: 16 };

/** What a call asks of the model. */
export type CallPlan = {
  model: ListedModel;
  prices: Prices;
  /** Due because the adapter has to be loaded; 0 when it is loaded. */
  activation: bigint;
  promptTokens: number[];
  context: CitedRow[];
  /** Tokens that the prompt leaves. */
  room: number;
  /** Tokens of the answer at most. */
  wanted: number;
  /** Whether the client named that number. */
  exact: boolean;
};

/** A call that is paid for before it is answered, on a channel whose vouchers the node signs itself. */
export type Prepaid = {
  /** The price, whatever the answer uses; undefined: what it uses is paid. */
  fee: bigint | undefined;
  maxTokens: number;
  /** Sees to it that the call's channel holds the most it may cost. Asked when nothing else stands in the way of the answer. */
  secure(maxFee: bigint): Promise<ChainChannel>;
  /** Signs for the channel. */
  sign(voucher: Voucher): Promise<Hex>;
  /** What the answer, at this fee, says of its payment. */
  describe(fee: bigint): Record<string, unknown>;
};

/** What a call may cost at most, before it is paid or begun. */
export type CallQuote = { model: ListedModel; tokensIn: number; maxTokens: number; maxFee: bigint };

export type PlanDeps = {
  catalog: Pick<ModelCatalog, 'find' | 'list' | 'prices'>;
  engine: Pick<TextEngine, 'baseHash' | 'contextLength' | 'encodeChat' | 'encodeText' | 'isResident'>;
  retriever?: Retriever | undefined;
};

/** Finds the model, makes the prompt and counts its tokens, whoever pays. */
export async function planCall(deps: PlanDeps, body: ChatBody | CompletionBody): Promise<CallPlan> {
  const model = await deps.catalog.find(body.model);
  await requireBase(deps, model);
  const prices = await deps.catalog.prices(model.id);
  const activation = model.kind === 'base' || deps.engine.isResident(model.id) ? 0n : prices.activation;
  const { promptTokens, context } = await makePrompt(body, deps.engine, deps.retriever);
  const room = deps.engine.contextLength - promptTokens.length;
  if (room < 1) {
    throw new NodeError(
      'bad_request',
      `The prompt has ${promptTokens.length} tokens and the model reads ${deps.engine.contextLength}.`,
      'Send fewer or shorter messages.',
    );
  }
  const { tokens, exact } = tokensWanted(body);
  return { model, prices, activation, promptTokens, context, room, wanted: Math.min(tokens, room), exact };
}

/** How many tokens an answer has at most, and whether the client named that number. */
export function tokensWanted(
  body:
    | Pick<ChatBody, 'max_tokens' | 'max_completion_tokens' | 'messages'>
    | Pick<CompletionBody, 'max_tokens'>,
): { tokens: number; exact: boolean } {
  const isChat = 'messages' in body;
  const named = (isChat ? body.max_completion_tokens : undefined) ?? body.max_tokens;
  const usual = isChat ? DEFAULT_MAX_TOKENS.chat : DEFAULT_MAX_TOKENS.completion;
  return { tokens: named ?? usual, exact: named != null };
}

/** A node has one base model in memory; adapters of another base would be nonsense on it. */
export async function requireBase(
  { catalog, engine }: { catalog: Pick<ModelCatalog, 'list'>; engine: Pick<TextEngine, 'baseHash'> },
  model: ListedModel,
): Promise<void> {
  const list = await catalog.list();
  const base = model.kind === 'base' ? model : list.find(({ id }) => id === model.terms.parent);
  if (base?.terms.weightsHash === engine.baseHash) return;
  throw new NodeError(
    'model_unusable',
    `This node does not run the base of model ol-${model.id}.`,
    'Ask a node that was started with that base model (--base).',
  );
}
