import type { Hono } from 'hono';
import { cors } from 'hono/cors';
import { NodeError } from '../errors.ts';
import type { Log } from '../log.ts';
import { limitBody } from './body-limit.ts';
import { addDocument } from './document.ts';
import { answerError, errorBody } from './http-errors.ts';
import { type Api, createApi } from './operation.ts';

const LOOPBACK = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

const LOOPBACK_NAME = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** More than any prompt that a model reads. Blobs have a limit of their own. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;

export type AppOptions = {
  log: Log;
  /** Parts of the interface, each with its own routes. */
  routes: readonly Hono[];
  /** Whether only this machine can reach it; then it answers to this machine's names only. */
  loopback?: boolean;
};

/**
 * The node's HTTP interface. Pages on this machine (the studio) may call it from a browser; pages of other
 * sites may not, and a request that was led here under another host name is refused.
 */
export function createApp({ log, routes, loopback = true }: AppOptions): Api {
  const app = createApi();
  app.use('*', async (context, next) => {
    const origin = context.req.header('origin');
    if (origin !== undefined && !LOOPBACK.test(origin)) {
      const error = new NodeError(
        'not_allowed',
        `Pages of ${origin} may not use this node.`,
        'Call it from a program, or from a page served on this machine.',
      );
      return context.json(errorBody(error), 403);
    }
    // A page that points its own name at 127.0.0.1 sends no origin with a GET; its name gives it away.
    const { hostname } = new URL(context.req.url);
    if (loopback && !LOOPBACK_NAME.test(hostname)) {
      const error = new NodeError(
        'not_allowed',
        `This node does not answer to the name ${hostname}.`,
        'Use 127.0.0.1, or start it with --host to serve other machines.',
      );
      return context.json(errorBody(error), 403);
    }
    await next();
  });
  app.use('*', cors({ origin: (origin) => (LOOPBACK.test(origin) ? origin : null), maxAge: 600 }));
  const limit = limitBody(MAX_REQUEST_BYTES);
  app.use('*', (context, next) => (context.req.method === 'PUT' ? next() : limit(context, next)));
  for (const route of routes) app.route('/', route);
  addDocument(app);
  app.notFound((context) => {
    const error = new NodeError('not_found', `There is no ${context.req.path} here.`, 'See docs/api.md.');
    return context.json(errorBody(error), 404);
  });
  app.onError((error, context) => answerError(error, context, log));
  return app;
}
