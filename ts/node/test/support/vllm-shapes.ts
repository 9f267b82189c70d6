import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A server that answers in the shapes of vLLM's OpenAI-compatible server. They are written from the source of vLLM
 * 0.33.0 (`entrypoints/openai/completion/{protocol,serving}.py`, `openai/models/serving.py`, `serve/lora`), **not
 * recorded from a run**: vLLM's wheels need a GPU. The tokens are what a test gives, chunked as it says.
 */
export type VllmAnswer = {
  /** Token ids per chunk, as vLLM streams them; the token that ends the answer is among them. */
  chunks: readonly { ids: readonly number[]; text: string; logprobs?: unknown }[];
  finish: 'stop' | 'length';
};

export type VllmOptions = {
  model?: string;
  answer(body: CompletionBody): VllmAnswer;
  /** Leave a field out, as an older or another server would. */
  without?: readonly ('token_ids' | 'logprobs')[];
  refuse?: { path: string; status: number; message: string };
  chunkDelayMs?: number;
  /** What it says that it read. */
  readPrompt?: readonly number[];
};

type CompletionBody = Record<string, unknown> & { model: string; prompt: number[]; logprobs?: number };

export async function startVllm(options: VllmOptions) {
  const { model = '/models/base', without = [] } = options;
  const requests: { path: string; body: unknown; authorization: string | undefined }[] = [];
  const loras = new Map<string, string>();
  let hangUps = 0;
  const server: Server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const body = request.method === 'POST' ? JSON.parse(await textOf(request)) : undefined;
    requests.push({ path, body, authorization: request.headers.authorization });
    const json = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const fail = (status: number, message: string, type: string) =>
      json(status, { error: { message, type, param: null, code: status } });
    if (options.refuse?.path === path) return fail(options.refuse.status, options.refuse.message, 'Error');
    if (path === '/v1/models') {
      const card = (id: string, root: string, parent: string | null) => ({
        ...{ id, object: 'model', created: 1_800_000_000, owned_by: 'vllm', root, parent },
        max_model_len: parent === null ? 200 : null,
        permission: [],
      });
      const adapters = [...loras].map(([name, folder]) => card(name, folder, model));
      return json(200, { object: 'list', data: [card(model, model, null), ...adapters] });
    }
    if (path === '/v1/load_lora_adapter') {
      const { lora_name: name, lora_path: folder } = body;
      if (loras.has(name))
        return fail(400, `The lora adapter '${name}' has already been loaded.`, 'InvalidUserInput');
      loras.set(name, folder);
      response.writeHead(200);
      return response.end(`Success: LoRA adapter '${name}' added successfully.`);
    }
    if (path === '/v1/unload_lora_adapter') {
      loras.delete(body.lora_name);
      response.writeHead(200);
      return response.end(`Success: LoRA adapter '${body.lora_name}' removed successfully.`);
    }
    if (body.model !== model && !loras.has(body.model) && !body.model.includes(':')) {
      return fail(404, `The model \`${body.model}\` does not exist.`, 'NotFoundError');
    }
    let open = true;
    response.on('close', () => {
      if (!response.writableFinished) hangUps += 1;
      open = false;
    });
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const { chunks, finish } = options.answer(body);
    for (const [index, { ids, text, logprobs }] of chunks.entries()) {
      if (options.chunkDelayMs !== undefined) await sleep(options.chunkDelayMs);
      if (!open) return;
      const isLast = index === chunks.length - 1;
      const choice = {
        index: 0,
        text,
        logprobs: body.logprobs === undefined || without.includes('logprobs') ? null : logprobs,
        finish_reason: isLast ? finish : null,
        stop_reason: null,
        prompt_token_ids: index === 0 ? (options.readPrompt ?? body.prompt) : null,
        token_ids: body.return_token_ids === true && !without.includes('token_ids') ? ids : null,
      };
      const head = { id: 'cmpl-0123', object: 'text_completion', created: 1_800_000_000, model: body.model };
      response.write(`data: ${JSON.stringify({ ...head, choices: [choice] })}\n\n`);
    }
    response.end('data: [DONE]\n\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    loras,
    hangUps: () => hangUps,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
