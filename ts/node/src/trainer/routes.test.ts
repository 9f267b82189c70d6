import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkAnswers } from '../../test/support/check-answers.ts';
import { fakeEngine, finished, jobBody, trainerWorld } from '../../test/support/trainer.ts';
import { createApp } from '../gateway/app.ts';
import { listen } from '../gateway/serve.ts';
import { createLog } from '../log.ts';
import { trainerRoutes } from './routes.ts';
import { createTrainer } from './trainer.ts';

describe('a training job over HTTP', () => {
  let world: Awaited<ReturnType<typeof trainerWorld>>;
  beforeEach(async () => {
    world = await trainerWorld();
  });
  afterEach(() => world.close());

  it('is controlled and lists its checkpoints over HTTP, in the shape that OpenAI gives them', async () => {
    const trainer = await createTrainer(world.deps(fakeEngine(25)));
    const app = createApp({ log: createLog('silent'), routes: [trainerRoutes(trainer)] });
    const answers = checkAnswers(app);
    const { id } = await trainer.create(jobBody);
    while (trainer.get(id).step < 24)
      await trainer.waitForEvents(id, trainer.events(id, 0).length, AbortSignal.timeout(5_000));
    const post = (action: string) => app.request(`/v1/fine_tuning/jobs/${id}/${action}`, { method: 'POST' });
    expect(await (await post('pause')).json()).toMatchObject({ object: 'fine_tuning.job', status: 'paused' });
    expect((await post('pause')).status).toBe(400);
    expect(await (await post('resume')).json()).toMatchObject({ status: 'queued' });
    expect(await (await post('cancel')).json()).toMatchObject({ status: 'cancelled' });
    const list = await (await app.request(`/v1/fine_tuning/jobs/${id}/checkpoints`)).json();
    expect(list).toMatchObject({ object: 'list', has_more: false, first_id: `${id}-step-20` });
    expect(list.data[0]).toMatchObject({
      object: 'fine_tuning.job.checkpoint',
      fine_tuning_job_id: id,
      step_number: 20,
      metrics: { step: 20, train_loss: 1 / 20 },
    });
    await answers.settle();
    await trainer.close();
  });

  it('is made, followed and steered by the official OpenAI client', async () => {
    const trainer = await createTrainer(world.deps(fakeEngine()));
    const app = createApp({ log: createLog('silent'), routes: [trainerRoutes(trainer)] });
    const answers = checkAnswers(app);
    const server = await listen(app, '127.0.0.1', 0);
    const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
    const { jobs } = openai.fineTuning;
    const made = await jobs.create({
      model: 'ol-1',
      training_file: 'datanet-1,contribution-3',
      suffix: 'guide',
      seed: 5,
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 30, batch_size: 2 } } },
    });
    expect(made).toMatchObject({
      model: 'ol-1',
      training_file: 'contribution-1,contribution-2,contribution-3',
      hyperparameters: { n_epochs: 30, batch_size: 2, learning_rate_multiplier: 'auto' },
      seed: 5,
      fine_tuned_model: null,
    });
    await finished(trainer, made.id);
    const job = await jobs.retrieve(made.id);
    expect(job).toMatchObject({ status: 'succeeded', fine_tuned_model: 'guide', error: null });
    expect(job.result_files[0]).toMatch(/^store:0x/);

    // Small pages, so that the client has to turn them.
    const events = await all(jobs.listEvents(made.id, { limit: 7 }));
    expect(events).toHaveLength(trainer.events(made.id, 0).length);
    expect(events.at(-1)).toMatchObject({ object: 'fine_tuning.job.event', level: 'info' });
    const checkpoints = await all(jobs.checkpoints.list(made.id, { limit: 1 }));
    expect(checkpoints.length).toBeGreaterThan(2);
    expect(checkpoints[0]).toMatchObject({
      fine_tuning_job_id: made.id,
      step_number: trainer.get(made.id).totalSteps,
    });

    const other = await jobs.create({ model: 'ol-1', training_file: 'datanet-2', suffix: 'other' });
    await finished(trainer, other.id);
    const listed = await all(jobs.list({ limit: 1 }));
    expect(listed.map(({ id }) => id)).toEqual([other.id, made.id]);

    await expect(jobs.retrieve('ftjob-nope')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(jobs.cancel(made.id)).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(jobs.create({ model: 'ol-1', training_file: 'file-abc' })).rejects.toThrow('datanet-<id>');
    await answers.settle();
    await server.close();
    await trainer.close();
  });

  it('streams its events with ids, so that a page can go on where it lost the connection', async () => {
    const trainer = await createTrainer(world.deps(fakeEngine()));
    const app = createApp({ log: createLog('silent'), routes: [trainerRoutes(trainer)] });
    const answers = checkAnswers(app);
    const created = await app.request('/v1/fine_tuning/jobs', {
      method: 'POST',
      body: JSON.stringify({ suffix: 'guide', datanets: [1, 2] }),
    });
    expect(created.status).toBe(201);
    const { id } = await created.json();
    const headers = { accept: 'text/event-stream' };
    const all = await (await app.request(`/v1/fine_tuning/jobs/${id}/events`, { headers })).text();
    expect(all).toContain('event: result');
    expect(all.trimEnd().endsWith('event: end\ndata: {}')).toBe(true);
    const rest = await (
      await app.request(`/v1/fine_tuning/jobs/${id}/events`, {
        headers: { ...headers, 'last-event-id': '5' },
      })
    ).text();
    expect(rest).toContain('id: 6\n');
    expect(rest).not.toContain('id: 5\n');
    const list = await (await app.request(`/v1/fine_tuning/jobs/${id}/events`)).json();
    expect(list.data[0]).toMatchObject({ id: 1, type: 'status', data: { openRun: { inputCount: 3 } } });
    expect((await app.request('/v1/fine_tuning/jobs/nope')).status).toBe(404);
    const empty = await app.request('/v1/fine_tuning/jobs', { method: 'POST', body: '{}' });
    expect((await empty.json()).error.message).toContain('name at least one datanet');
    await answers.settle();
    await trainer.close();
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
