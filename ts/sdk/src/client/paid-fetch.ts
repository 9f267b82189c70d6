/** What is paid for by receipt and voucher. Everything else is free. */
const PAID = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'];

export type PaidFetchOptions = {
  nodeUrl: string;
  fetch: typeof globalThis.fetch;
  /** Sends a request with what pays for it. */
  send(
    path: string,
    body: Record<string, unknown>,
    init: { signal: AbortSignal; headers: Headers },
  ): Promise<Response>;
  /** Checks the receipt of an answer and pays for it. */
  settle(output: string, block: unknown): Promise<void>;
};

/**
 * A `fetch` that pays for calls to a node. An answer ends only when its receipt was found right; one that was not
 * fails, and nothing is signed for it.
 */
export function paidFetch(options: PaidFetchOptions): typeof globalThis.fetch {
  const base = new URL(options.nodeUrl);
  let turn: Promise<void> = Promise.resolve();

  return async (input, init) => {
    const request = new Request(input, init);
    const { origin, pathname } = new URL(request.url);
    if (origin !== base.origin || request.method !== 'POST' || !PAID.includes(pathname)) {
      return options.fetch(input, init);
    }
    const { signal } = request;
    const headers = new Headers(request.headers);
    headers.delete('content-length');
    const body = (await request.json()) as Record<string, unknown>;
    // A channel takes one call at a time: whoever comes later waits until the answer before was read.
    const { promise: ended, resolve: release } = Promise.withResolvers<void>();
    const before = turn;
    turn = before.then(() => ended);
    await before;
    try {
      signal.throwIfAborted();
      const response = await options.send(pathname, body, { signal, headers });
      if (!response.ok || response.body === null) {
        release();
        return response;
      }
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
      if (isStream) {
        return copyOf(response, settledStream(response.body, options.settle, release));
      }
      const text = await response.text();
      const answer = JSON.parse(text) as Answer;
      await options.settle(outputOf(answer), answer.openledger);
      release();
      return copyOf(response, text);
    } catch (error) {
      release();
      throw error;
    }
  };
}

function copyOf({ status, statusText, headers }: Response, body: BodyInit): Response {
  return new Response(body, { status, statusText, headers });
}

/**
 * The same stream, whose end mark arrives when its receipt is checked and paid: clients stop reading at the mark.
 */
function settledStream(
  body: ReadableStream<Uint8Array>,
  settle: PaidFetchOptions['settle'],
  release: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const answer = createCollector();
  let isSettled = false;
  const settleOnce = async () => {
    if (isSettled || answer.failed) return;
    isSettled = true;
    await settle(answer.output, answer.block);
    release();
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) answer.add(value);
        if (done || answer.ended) await settleOnce();
        if (!done) return controller.enqueue(value);
        release();
        controller.close();
      } catch (error) {
        release();
        controller.error(error);
      }
    },
    cancel(reason) {
      release();
      return reader.cancel(reason);
    },
  });
}

/** Puts an answer together from its chunks. Each event of the node is one line. */
function createCollector() {
  const decoder = new TextDecoder();
  let rest = '';
  const state = { output: '', block: undefined as unknown, ended: false, failed: false };
  return Object.assign(state, {
    add(bytes: Uint8Array) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        if (!line.startsWith('data: ')) continue;
        if (line === 'data: [DONE]') {
          state.ended = true;
          continue;
        }
        const chunk = JSON.parse(line.slice(6)) as Answer;
        // A stream that ends with an error has no receipt; the client reads the error.
        state.failed ||= chunk.error !== undefined;
        state.output += outputOf(chunk);
        state.block = chunk.openledger ?? state.block;
      }
    },
  });
}

/** The parts of an answer, or of a chunk, that its receipt commits to. */
type Answer = {
  choices?: readonly {
    message?: { content?: string | null };
    delta?: { content?: string | null };
    text?: string;
  }[];
  data?: readonly { embedding: string | readonly number[] }[];
  openledger?: unknown;
  error?: unknown;
};

function outputOf({ choices, data }: Answer): string {
  if (data !== undefined) return data.map(({ embedding }) => base64Of(embedding)).join('\n');
  const [choice] = choices ?? [];
  return choice?.message?.content ?? choice?.delta?.content ?? choice?.text ?? '';
}

/** Little-endian float32 in base64, as the receipt has vectors. */
function base64Of(embedding: string | readonly number[]): string {
  if (typeof embedding === 'string') return embedding;
  const bytes = new DataView(new ArrayBuffer(4 * embedding.length));
  for (const [index, value] of embedding.entries()) bytes.setFloat32(4 * index, value, true);
  return btoa(String.fromCharCode(...new Uint8Array(bytes.buffer)));
}
