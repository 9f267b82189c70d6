import { z } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import { NodeError } from '../errors.ts';
import { jsonResponse } from '../gateway/json.ts';
import { type Api, addOperation, createApi, type Operation } from '../gateway/operation.ts';
import { isOver } from './entry.ts';
import { createJobBody } from './job.ts';
import {
  checkpointsOf,
  checkpointView,
  eventView,
  fromOpenAi,
  jobView,
  viewEvent,
  viewJob,
} from './openai-job.ts';
import type { Trainer } from './trainer.ts';

const limit = z.coerce.number().int().min(1).max(10_000).optional();
const page = z.object({ after: z.string().optional(), limit });
const idParam = z.object({ id: z.string() });
const pageOf = (item: z.ZodType) =>
  z.object({ object: z.literal('list'), data: z.array(item), has_more: z.boolean() });

const createJob = {
  method: 'post',
  path: '/v1/fine_tuning/jobs',
  tag: 'training',
  summary: 'Trains an adapter',
  description:
    'The same choices give the same run, so asking twice is asking once; a failed job is tried again.',
  body: createJobBody,
  answer: { description: 'The job.', status: 201, json: jobView },
  refusals: [403, 404, 503, 507],
} as const satisfies Operation<unknown, unknown, unknown>;

const listJobs = {
  method: 'get',
  path: '/v1/fine_tuning/jobs',
  tag: 'training',
  summary: 'The jobs, newest first',
  query: page,
  answer: { description: 'Jobs; the next page follows `after` the last id.', json: pageOf(jobView) },
} as const satisfies Operation<unknown, unknown, unknown>;

const readJob = {
  method: 'get',
  path: '/v1/fine_tuning/jobs/{id}',
  tag: 'training',
  summary: 'A job',
  params: idParam,
  answer: { description: 'The job.', json: jobView },
  refusals: [404],
} as const satisfies Operation<unknown, unknown, unknown>;

const listCheckpoints = {
  method: 'get',
  path: '/v1/fine_tuning/jobs/{id}/checkpoints',
  tag: 'training',
  summary: 'The checkpoints of a job, newest first',
  params: idParam,
  query: page,
  answer: {
    description: 'Checkpoints.',
    json: pageOf(checkpointView).extend({ first_id: z.string().nullable(), last_id: z.string().nullable() }),
  },
  refusals: [404],
} as const satisfies Operation<unknown, unknown, unknown>;

const listEvents = {
  method: 'get',
  path: '/v1/fine_tuning/jobs/{id}/events',
  tag: 'training',
  summary: 'What happened in a job, in order; a stream for `accept: text/event-stream`',
  description: 'The stream goes on after `Last-Event-ID` and ends with `event: end`.',
  params: idParam,
  query: page,
  headers: z.object({ 'last-event-id': z.string().optional() }),
  answer: { description: 'Events, oldest first.', json: pageOf(eventView), events: eventView },
  refusals: [404],
} as const satisfies Operation<unknown, unknown, unknown>;

/**
 * OpenAI's fine-tuning jobs: `POST|GET /v1/fine_tuning/jobs`, `GET …/:id`, `POST …/:id/cancel|pause|resume`,
 * `GET …/:id/events` (a list, or a stream for `text/event-stream`) and `GET …/:id/checkpoints`.
 */
export function trainerRoutes(trainer: Trainer): Api {
  const app = createApi();

  addOperation(app, createJob, async (_, { body }) =>
    jsonResponse(viewJob(await trainer.create(fromOpenAi(body))), 201),
  );

  addOperation(app, listJobs, (_, { query }) => {
    const { data, has_more } = pageAfter(trainer.list().toReversed(), query);
    return jsonResponse({ object: 'list', data: data.map(viewJob), has_more });
  });

  addOperation(app, readJob, (_, { params: { id } }) => jsonResponse(viewJob(trainer.get(id))));

  for (const action of ['cancel', 'pause', 'resume'] as const) {
    const control = { ...readJob, method: 'post', path: `${readJob.path}/${action}` } as const;
    const summary = { cancel: 'Ends a job', pause: 'Pauses a job', resume: 'Resumes a job' }[action];
    addOperation(app, { ...control, summary }, async (_, { params: { id } }) =>
      jsonResponse(viewJob(await trainer[action](id))),
    );
  }

  addOperation(app, listCheckpoints, (_, { params: { id }, query }) => {
    const { data, has_more } = pageAfter(checkpointsOf(trainer.get(id), trainer.events(id, 0)), query);
    const [first_id = null, last_id = null] = [data[0]?.id, data.at(-1)?.id];
    return jsonResponse({ object: 'list', data, first_id, last_id, has_more });
  });

  addOperation(app, listEvents, (context, { params: { id }, query }) => {
    trainer.get(id);
    const last = context.req.header('last-event-id') ?? query.after ?? '0';
    const after = /^\d+$/.test(last) ? Number(last) : 0;
    if (context.req.header('accept')?.includes('text/event-stream') !== true) {
      const events = trainer.events(id, after).map(viewEvent);
      const data = events.slice(0, query.limit);
      return jsonResponse({ object: 'list', data, has_more: data.length < events.length });
    }
    context.header('x-accel-buffering', 'no');
    context.header('cache-control', 'no-cache, no-transform');
    return streamSSE(context, async (stream) => {
      const abort = new AbortController();
      stream.onAbort(() => abort.abort());
      let sent = after;
      while (!abort.signal.aborted) {
        for (const event of trainer.events(id, sent)) {
          const data = JSON.stringify(viewEvent(event));
          await stream.writeSSE({ id: String(event.id), event: event.type, data });
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

/** The part of a list that follows `after`, at most `limit` of it. */
function pageAfter<T extends { id: string }>(
  all: readonly T[],
  { after, limit }: z.infer<typeof page>,
): { data: T[]; has_more: boolean } {
  const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0) {
    throw new NodeError(
      'not_found',
      `There is no ${after} in this list.`,
      'Leave `after` out to begin anew.',
    );
  }
  const rest = all.slice(start);
  const data = rest.slice(0, limit);
  return { data, has_more: data.length < rest.length };
}
