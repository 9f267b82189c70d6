import type { z } from '@hono/zod-openapi';
import { expect } from 'vitest';
import { wholeInterface } from '../../src/gateway/node-document.ts';
import type { Api } from '../../src/gateway/operation.ts';

type Content = Record<string, { schema?: unknown }>;
type Route = {
  method: string;
  path: RegExp;
  responses: Record<string, { content?: Content }>;
};

let known: Route[] | undefined;

/** Every documented route, the ones without parameters first. */
function routes(): Route[] {
  known ??= wholeInterface()
    .openAPIRegistry.definitions.flatMap((one) => (one.type === 'route' ? [one.route] : []))
    .toSorted((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')))
    .map(({ method, path, responses }) => ({
      method: method.toUpperCase(),
      path: new RegExp(`^${path.replaceAll(/\{.+?\}/g, '[^/]+')}$`),
      responses: responses as Route['responses'],
    }));
  return known;
}

/**
 * Compares every answer of an app with what the OpenAPI document says of it: the status, and each field of the JSON or
 * of the stream's events, with none that is not documented. `settle` fails when an answer differed.
 */
export function checkAnswers(app: Api): { settle(): Promise<void> } {
  const pending: Promise<void>[] = [];
  const inner = app.fetch;
  app.fetch = async (request, ...rest) => {
    const response = await inner(request, ...rest);
    pending.push(checkAnswer(request.method, new URL(request.url).pathname, response.clone()));
    return response;
  };
  return { settle: async () => void (await Promise.all(pending.splice(0))) };
}

/** As {@link checkAnswers}, for one answer. */
export async function checkAnswer(method: string, path: string, response: Response): Promise<void> {
  const route = routes().find((one) => one.method === method && one.path.test(path));
  if (route === undefined) return;
  // The interface as a whole refuses other sites and other names, whatever was asked for.
  if (response.status === 403 && route.responses[403] === undefined) return;
  const answer = route.responses[response.status];
  expect(answer, `${method} ${path} answers ${response.status}, which is not documented`).toBeDefined();
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  const schema = answer?.content?.[type]?.schema as z.ZodType | undefined;
  const text = await response.text().catch(() => undefined);
  if (text === undefined || schema?.parse === undefined) return;
  const values = type === 'text/event-stream' ? eventsOf(text) : [JSON.parse(text)];
  // What is not documented is dropped when it is parsed, and then missed here.
  for (const value of values) expect(schema.parse(value), `${method} ${path}`).toEqual(value);
}

/** The data of a stream's events, without the marks of its end. */
function eventsOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('data: {') && line !== 'data: {}')
    .flatMap((line) => {
      try {
        return [JSON.parse(line.slice(6))];
      } catch {
        return [];
      }
    });
}
