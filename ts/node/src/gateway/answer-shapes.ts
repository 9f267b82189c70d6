import type { AnswerToken } from '../models/types.ts';

export type FinishReason = 'stop' | 'length';
export type Usage = { prompt_tokens: number; completion_tokens: number; total_tokens: number };

/** What all chunks and the whole answer of one call share. */
export type CallHead = { id: string; created: number; model: string };

type TokenBytes = (token: number) => Uint8Array;
type Text = { text: string; tokens: readonly AnswerToken[] };
type Whole = Text & { finish: FinishReason; usage: Usage };

/** How the answers of an endpoint are written in OpenAI's shape. */
export type AnswerShape = {
  /** The chunk before the first text. */
  first(): object;
  text(part: Text): object;
  /** The chunk after the last text. */
  last(finish: FinishReason): object;
  whole(answer: Whole): object;
};

/** `POST /v1/chat/completions`. */
export function chatShape(head: CallHead, tokenBytes: TokenBytes): AnswerShape {
  return {
    first: () => chatChunk(head, { role: 'assistant', content: '' }, null),
    text: ({ text, tokens }) => chatChunk(head, { content: text }, null, logProbsOf(tokens, tokenBytes)),
    last: (finish) => chatChunk(head, {}, finish),
    whole: ({ tokens, ...answer }) =>
      chatCompletion(head, { ...answer, logprobs: logProbsOf(tokens, tokenBytes) }),
  };
}

/** `POST /v1/completions`. */
export function completionShape(head: CallHead, tokenBytes: TokenBytes): AnswerShape {
  const one = (text: string, logprobs: CompletionLogProbs, finish_reason: FinishReason | null) => ({
    ...head,
    object: 'text_completion' as const,
    choices: [{ index: 0, text, logprobs, finish_reason }],
  });
  let offset = 0;
  const logProbs = ({ text, tokens }: Text) => {
    const made = completionLogProbs(tokens, tokenBytes, offset);
    offset += [...text].length;
    return made;
  };
  return {
    first: () => one('', null, null),
    text: (part) => one(part.text, logProbs(part), null),
    last: (finish) => one('', null, finish),
    whole: (answer) => ({ ...one(answer.text, logProbs(answer), answer.finish), usage: answer.usage }),
  };
}

/** Log-probabilities of an answer's tokens in OpenAI's shape; null when they were not asked for. */
export type LogProbs = { content: LogProb[]; refusal: null } | null;
type LogProb = {
  token: string;
  bytes: number[];
  logprob: number;
  top_logprobs: Omit<LogProb, 'top_logprobs'>[];
};

/** Log-probabilities as OpenAI's plain completions have them; offsets count code points of the answer. */
export type CompletionLogProbs = {
  tokens: string[];
  token_logprobs: number[];
  top_logprobs: Record<string, number>[];
  text_offset: number[];
} | null;

/** Turns tokens into {@link LogProbs}; `tokenBytes` gives the bytes of a token. */
export function logProbsOf(
  tokens: readonly AnswerToken[],
  tokenBytes: (token: number) => Uint8Array,
): LogProbs {
  const one = (token: number, logprob: number) => {
    const bytes = tokenBytes(token);
    return { token: new TextDecoder().decode(bytes), bytes: [...bytes], logprob };
  };
  const content = tokens.flatMap(({ tokenId, logProbability, top = [] }) =>
    logProbability === undefined
      ? []
      : [
          {
            ...one(tokenId, logProbability),
            top_logprobs: top.map((other) => one(other.token, other.logProbability)),
          },
        ],
  );
  return content.length === 0 ? null : { content, refusal: null };
}

/** Turns tokens into {@link CompletionLogProbs}; the first of them starts at `offset`. */
function completionLogProbs(
  tokens: readonly AnswerToken[],
  tokenBytes: TokenBytes,
  offset: number,
): CompletionLogProbs {
  const shown = tokens.filter(({ logProbability }) => logProbability !== undefined);
  if (shown.length === 0) return null;
  const textOf = (token: number) => new TextDecoder().decode(tokenBytes(token));
  let place = offset;
  return {
    tokens: shown.map(({ tokenId }) => textOf(tokenId)),
    token_logprobs: shown.map(({ logProbability }) => logProbability!),
    top_logprobs: shown.map(({ top = [] }) =>
      Object.fromEntries(top.map(({ token, logProbability }) => [textOf(token), logProbability])),
    ),
    text_offset: shown.map(({ text }) => {
      const start = place;
      place += [...text].length;
      return start;
    }),
  };
}

/** One streamed chunk in OpenAI's shape. */
function chatChunk(
  head: CallHead,
  delta: { role?: 'assistant'; content?: string },
  finish: FinishReason | null,
  logprobs: LogProbs = null,
) {
  return {
    id: head.id,
    object: 'chat.completion.chunk' as const,
    created: head.created,
    model: head.model,
    choices: [{ index: 0, delta, logprobs, finish_reason: finish }],
  };
}

/** The whole answer in OpenAI's shape. */
function chatCompletion(
  head: CallHead,
  answer: { text: string; finish: FinishReason; usage: Usage; logprobs: LogProbs },
) {
  return {
    id: head.id,
    object: 'chat.completion' as const,
    created: head.created,
    model: head.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant' as const, content: answer.text, refusal: null },
        logprobs: answer.logprobs,
        finish_reason: answer.finish,
      },
    ],
    usage: answer.usage,
  };
}

/** Token counts in OpenAI's shape. */
export function usageOf(tokensIn: number, tokensOut: number): Usage {
  return { prompt_tokens: tokensIn, completion_tokens: tokensOut, total_tokens: tokensIn + tokensOut };
}
