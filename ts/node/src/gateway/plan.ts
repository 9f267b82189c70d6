import type { CitedRow } from '@openledger/sdk/protocol/context';
import { feeOf } from '@openledger/sdk/protocol/receipts';
import { NodeError } from '../errors.ts';
import type { ChatMessage, ListedModel, ModelCatalog, Prices, TextEngine } from '../models/types.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { PaymentError } from './http-errors.ts';
import type { ChatBody } from './openai.ts';
import { makePrompt } from './prompt.ts';

const DEFAULT_MAX_TOKENS = 256;

/** What a call asks of the model. */
export type CallPlan = {
  model: ListedModel;
  prices: Prices;
  /** Due because the adapter has to be loaded; 0 when it is loaded. */
  activation: bigint;
  messages: ChatMessage[];
  promptTokens: number[];
  context: CitedRow[];
  /** Tokens that the prompt leaves. */
  room: number;
  maxTokens: number;
  /** Whether the client named the number. */
  exact: boolean;
};

export type PlanDeps = {
  catalog: Pick<ModelCatalog, 'find' | 'list' | 'prices'>;
  engine: Pick<TextEngine, 'baseHash' | 'contextLength' | 'encodeChat' | 'isResident'>;
  retriever?: Retriever | undefined;
};

/** Finds the model, makes the prompt and counts its tokens, whoever pays. */
export async function planCall(deps: PlanDeps, body: ChatBody): Promise<CallPlan> {
  const model = await deps.catalog.find(body.model);
  await requireBase(deps, model);
  const prices = await deps.catalog.prices(model.id);
  const activation = model.kind === 'base' || deps.engine.isResident(model.id) ? 0n : prices.activation;
  const { messages, promptTokens, context } = await makePrompt(body, deps.engine, deps.retriever);
  const room = deps.engine.contextLength - promptTokens.length;
  if (room < 1) {
    throw new NodeError(
      'bad_request',
      `The conversation has ${promptTokens.length} tokens and the model reads ${deps.engine.contextLength}.`,
      'Send fewer or shorter messages.',
    );
  }
  const wanted = body.max_completion_tokens ?? body.max_tokens;
  const maxTokens = Math.min(wanted ?? DEFAULT_MAX_TOKENS, room);
  const exact = wanted != null;
  return { model, prices, activation, messages, promptTokens, context, room, maxTokens, exact };
}

/** A node has one base model in memory; adapters of another base would be nonsense on it. */
async function requireBase({ catalog, engine }: PlanDeps, model: ListedModel): Promise<void> {
  const list = await catalog.list();
  const base = model.kind === 'base' ? model : list.find(({ id }) => id === model.terms.parent);
  if (base?.terms.weightsHash === engine.baseHash) return;
  throw new NodeError(
    'model_unusable',
    `This node does not run the base of model ol-${model.id}.`,
    'Ask a node that was started with that base model (--base).',
  );
}

/** How many tokens the rest of the deposit pays for. A client that named a number gets it or a refusal. */
export function affordable(options: {
  prices: Prices;
  activation: bigint;
  tokensIn: number;
  wanted: number;
  budget: bigint;
  exact: boolean;
}): number {
  const cost = (tokens: number) => options.activation + feeOf(options.prices, options.tokensIn, tokens);
  if (cost(options.wanted) <= options.budget) return options.wanted;
  let tokens = options.exact ? 0 : options.wanted;
  while (tokens > 0 && cost(tokens) > options.budget) tokens = Math.floor(tokens / 2);
  if (tokens > 0) return tokens;
  throw new PaymentError(
    'channel_exhausted',
    `This call may cost ${cost(options.wanted)} wei and the channel has ${options.budget} left.`,
    'Add to the deposit with InferenceEscrow.topUp, or ask for fewer tokens.',
    { required: cost(options.wanted), available: options.budget },
  );
}
