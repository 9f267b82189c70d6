import { type Message, type Part, Role, type Task, TaskState } from '@a2a-js/sdk';
import { AgentEvent, type AgentExecutor } from '@a2a-js/sdk/server';
import { z } from 'zod';
import { NodeError } from '../errors.ts';
import { toJson } from '../gateway/json.ts';
import type { Ask, PaidAnswer, Question } from '../x402/ask.ts';
import { PaymentRefused } from '../x402/payments.ts';
import { X402_EXTENSION } from './card.ts';

/** Keys of the x402 extension in the metadata of messages. */
const STATUS = 'x402.payment.status';
const REQUIRED = 'x402.payment.required';
const PAYLOAD = 'x402.payment.payload';
const RECEIPTS = 'x402.payment.receipts';
const ERROR = 'x402.payment.error';
/** Where a message says what beside its text it asks for, and a task what it is about. */
const OPTIONS = 'openledger';

/** Where the call's state says who it counts for. */
export const CALLER = 'openledger.caller';

const options = z.object({
  model: z.string().min(1).max(200).optional(),
  datanets: z.array(z.number().int().min(1)).min(1).max(16).optional(),
  rows: z.number().int().min(1).max(16).optional(),
  maxTokens: z.number().int().min(1).max(4096).optional(),
});

export type ExecutorDeps = {
  ask: Ask;
  /** The model for questions that name none. */
  defaultModel(): Promise<string>;
};

/**
 * Answers a message in two turns: the first ends as a task that needs its payment, the second carries it. Standalone flow
 * of the x402 extension.
 */
export function createExecutor({ ask, defaultModel }: ExecutorDeps): AgentExecutor {
  return {
    async execute({ taskId, contextId, task, userMessage, context }, bus) {
      context.addActivatedExtension(X402_EXTENSION);
      const history = task?.history ?? [userMessage];
      const finish = (
        state: TaskState,
        text: string,
        rest: Partial<Task> & { said?: Message['metadata'] },
      ) => {
        const { said, ...fields } = rest;
        const message = agentMessage(taskId, contextId, text, said);
        const status = { state, message, timestamp: new Date().toISOString() };
        bus.publish(
          AgentEvent.task({
            id: taskId,
            contextId,
            status,
            artifacts: [],
            history,
            metadata: undefined,
            ...fields,
          }),
        );
        bus.finished();
      };
      const payment: unknown = userMessage.metadata?.[PAYLOAD];
      let question: Question | undefined;
      try {
        question = (task?.metadata?.[OPTIONS] as Question | undefined) ?? (await questionIn(userMessage));
        const resource = {
          url: 'a2a://skill/ask',
          description: 'An answer with its receipt',
          mimeType: 'text/plain',
        };
        const answer = await ask(question, resource, payment, {
          caller: String(context.state.get(CALLER)),
          signal: new AbortController().signal,
        });
        finish(TaskState.TASK_STATE_COMPLETED, 'Answered and paid.', {
          said: { [STATUS]: 'payment-completed', [RECEIPTS]: [answer.settlement] },
          artifacts: [artifactOf(answer)],
          metadata: { [OPTIONS]: question },
        });
      } catch (error) {
        if (error instanceof PaymentRefused) {
          const { required } = error;
          const refused = payment !== undefined && { [ERROR]: required.error };
          finish(TaskState.TASK_STATE_INPUT_REQUIRED, `${error.message}.`, {
            said: {
              [STATUS]: payment === undefined ? 'payment-required' : 'payment-failed',
              [REQUIRED]: required,
              ...refused,
            },
            metadata: { [OPTIONS]: question },
          });
          return;
        }
        if (!(error instanceof NodeError)) throw error;
        // With the payment, the same question may be sent again: the task stays open for it.
        const state =
          payment === undefined ? TaskState.TASK_STATE_REJECTED : TaskState.TASK_STATE_INPUT_REQUIRED;
        finish(state, `${error.message} ${error.hint}`, { metadata: { [OPTIONS]: question } });
      }
    },
    cancelTask: async (taskId, bus) => {
      const status = {
        state: TaskState.TASK_STATE_CANCELED,
        message: undefined,
        timestamp: new Date().toISOString(),
      };
      bus.publish(AgentEvent.statusUpdate({ taskId, contextId: '', status, metadata: undefined }));
      bus.finished();
    },
  };

  async function questionIn(message: Message): Promise<Question> {
    const parsed = options.safeParse(message.metadata?.[OPTIONS] ?? {});
    if (!parsed.success) {
      throw new NodeError('bad_request', `The message's "openledger" is not usable.`, parsed.error.message);
    }
    const question = message.parts.flatMap(textOf).join('\n');
    if (question === '') throw new NodeError('bad_request', 'The message has no text.', 'Ask something.');
    const { model, ...rest } = parsed.data;
    return { model: model ?? (await defaultModel()), question, ...rest };
  }
}

function textOf({ content }: Part): string[] {
  return content?.$case === 'text' ? [content.value] : [];
}

function agentMessage(
  taskId: string,
  contextId: string,
  text: string,
  metadata: Message['metadata'],
): Message {
  return {
    messageId: crypto.randomUUID(),
    taskId,
    contextId,
    role: Role.ROLE_AGENT,
    parts: [textPart(text)],
    metadata,
    extensions: metadata === undefined ? [] : [X402_EXTENSION],
    referenceTaskIds: [],
  };
}

function artifactOf({ text, receipt }: PaidAnswer): Task['artifacts'][0] {
  const data = { content: { $case: 'data' as const, value: JSON.parse(toJson(receipt)) } };
  return {
    artifactId: receipt.receiptId,
    name: 'answer',
    description: 'The answer, and the receipt that it was billed with.',
    parts: [textPart(text), { ...data, metadata: undefined, filename: '', mediaType: 'application/json' }],
    metadata: undefined,
    extensions: [],
  };
}

function textPart(text: string): Part {
  const content = { $case: 'text' as const, value: text };
  return { content, metadata: undefined, filename: '', mediaType: 'text/plain' };
}
