import { z } from 'zod';

/** A server said no, in its own words. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const errorBody = z.object({ error: z.object({ message: z.string() }) });

/** Fetches JSON and checks its shape. Errors name the server and say what to do next. */
export async function getJson<T>(url: string, schema: z.ZodType<T>, init?: RequestInit): Promise<T> {
  const response = await fetch(url, init).catch((cause: unknown) => {
    if (init?.signal?.aborted) throw cause;
    throw new Error(
      `Nothing answers at ${new URL(url).origin}. Is it running? \`npm start\` starts everything.`,
    );
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    const known = errorBody.safeParse(body);
    throw new HttpError(
      known.success ? known.data.error.message : `${url} answered with status ${response.status}.`,
      response.status,
    );
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Error(
    `${url} answered in an unexpected shape (${z.prettifyError(parsed.error)}). Studio and server are of different versions: run \`npm start\` again.`,
  );
}

/** Posts JSON and checks the answer's shape. */
export function postJson<T>(url: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
  return getJson(url, schema, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
