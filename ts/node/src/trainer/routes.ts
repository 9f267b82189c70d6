import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { readJson } from '../gateway/chat-routes.ts';
import { jsonResponse } from '../gateway/json.ts';
import { parseBody } from '../gateway/openai.ts';
import { createJobBody } from './job.ts';
import { isOver, type Trainer } from './trainer.ts';

/** `POST|GET /v1/fine_tuning/jobs`, `GET …/:id` and `GET …/:id/events` (a list, or a stream for `text/event-stream`). */
export function trainerRoutes(trainer: Trainer): Hono {
  const app = new Hono();

  app.post('/v1/fine_tuning/jobs', async (context) => {
    const body = parseBody(createJobBody, await readJson(context));
    return jsonResponse(await trainer.create(body), 201);
  });

  app.get('/v1/fine_tuning/jobs', () => {
    return jsonResponse({ object: 'list', data: trainer.list().toReversed(), has_more: false });
  });

  app.get('/v1/fine_tuning/jobs/:id', (context) => jsonResponse(trainer.get(context.req.param('id'))));

  app.get('/v1/fine_tuning/jobs/:id/events', (context) => {
    const id = context.req.param('id');
    trainer.get(id);
    const last = context.req.header('last-event-id') ?? context.req.query('after') ?? '0';
    const after = /^\d+$/.test(last) ? Number(last) : 0;
    if (context.req.header('accept')?.includes('text/event-stream') !== true) {
      return jsonResponse({ object: 'list', data: trainer.events(id, after), has_more: false });
    }
    context.header('x-accel-buffering', 'no');
    context.header('cache-control', 'no-cache, no-transform');
    return streamSSE(context, async (stream) => {
      const abort = new AbortController();
      stream.onAbort(() => abort.abort());
      let sent = after;
      while (!abort.signal.aborted) {
        for (const event of trainer.events(id, sent)) {
          await stream.writeSSE({ id: String(event.id), event: event.type, data: JSON.stringify(event) });
          sent = event.id;
        }
        if (isOver(trainer.get(id)) && trainer.events(id, sent).length === 0) break;
        await trainer.waitForEvents(id, sent, abort.signal);
      }
      if (!abort.signal.aborted) await stream.writeSSE({ event: 'end', data: '{}' });
    });
  });

  return app;
}
