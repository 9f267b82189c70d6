import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { readJson } from '../gateway/chat-routes.ts';
import { jsonResponse } from '../gateway/json.ts';
import { parseBody } from '../gateway/openai.ts';
import { isOver } from './entry.ts';
import { createJobBody, type Job, type JobEvent } from './job.ts';
import type { Trainer } from './trainer.ts';

/**
 * OpenAI's fine-tuning jobs: `POST|GET /v1/fine_tuning/jobs`, `GET …/:id`, `POST …/:id/cancel|pause|resume`,
 * `GET …/:id/events` (a list, or a stream for `text/event-stream`) and `GET …/:id/checkpoints`.
 */
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

  for (const action of ['cancel', 'pause', 'resume'] as const) {
    app.post(`/v1/fine_tuning/jobs/:id/${action}`, async (context) =>
      jsonResponse(await trainer[action](context.req.param('id'))),
    );
  }

  app.get('/v1/fine_tuning/jobs/:id/checkpoints', (context) => {
    const job = trainer.get(context.req.param('id'));
    const data = checkpointsOf(job, trainer.events(job.id, 0)).toReversed();
    const [first_id = null, last_id = null] = [data[0]?.id, data.at(-1)?.id];
    return jsonResponse({ object: 'list', data, first_id, last_id, has_more: false });
  });

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

/** The checkpoints of a job as OpenAI lists them, with what is anchored of each. */
function checkpointsOf(job: Job, events: readonly JobEvent[]) {
  const dataOf = (type: JobEvent['type'], step: unknown) =>
    events.find((event) => event.type === type && event.data.step === step)?.data;
  return events
    .filter(({ type }) => type === 'checkpoint')
    .map(({ created_at, data }) => ({
      object: 'fine_tuning.job.checkpoint',
      id: `${job.id}-step-${data.step}`,
      fine_tuning_job_id: job.id,
      created_at,
      step_number: data.step,
      metrics: {
        step: data.step,
        train_loss: dataOf('step', data.step)?.loss,
        valid_loss: dataOf('evaluation', data.step)?.loss,
      },
      stepsRoot: data.stepsRoot,
      checkpointHash: data.checkpointHash,
    }));
}
