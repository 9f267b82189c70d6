import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetReport } from '@openledger/engine/dataset/report';
import type { BaseModel } from '@openledger/engine/model/base';
import { encodeStepLog, stepLogPath } from '@openledger/engine/training/checkpoint';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { fromUtf8, keccak, utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { contentTree, rowsTree, splitRows } from '@openledger/sdk/protocol/content';
import { rowSketchesTree } from '@openledger/sdk/protocol/sketch';
import { storeUri } from '@openledger/sdk/protocol/store';
import { hashStepRecord, lossBits, type StepRecord, stepsTree } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkAnswers } from '../../test/support/check-answers.ts';
import { memoryStore } from '../../test/support/memory-store.ts';
import type { AcceptedContribution } from '../chain/contributions.ts';
import { createApp } from '../gateway/app.ts';
import { listen } from '../gateway/serve.ts';
import { createLog } from '../log.ts';
import type { ListedModel } from '../models/types.ts';
import { verifyAdapter } from '../models/verify.ts';
import type { Job } from './job.ts';
import { trainerRoutes } from './routes.ts';
import type { TrainingEngine } from './run-job.ts';
import { createTrainer, type TrainerDeps } from './trainer.ts';

const weightsHash = keccak(utf8('weights'));
const base: ListedModel = {
  id: 1,
  names: ['ol-1'],
  kind: 'base',
  owner: '0x0000000000000000000000000000000000000001',
  uri: '',
  publishedAt: 0,
  isServed: true,
  terms: {
    parent: 0,
    royaltyBps: 0,
    scheme: 0,
    treeDepth: 0,
    sigmaCap: 0,
    weightsHash,
    runId: ZERO_HASH,
    sketchRoot: ZERO_HASH,
    corpusRoot: ZERO_HASH,
    baselineRoot: ZERO_HASH,
    basisHash: ZERO_HASH,
  },
};

describe('a training job', () => {
  let folder: string;
  let store: ReturnType<typeof memoryStore>;
  let accepted: AcceptedContribution[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openledger-jobs-'));
    store = memoryStore();
    accepted = [await contribution(1, 1), await contribution(2, 1), await contribution(3, 2)];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function contribution(id: number, datanet: number): Promise<AcceptedContribution> {
    const bytes = utf8(`Question ${id}?\nAnswer ${id}.\n\nAnother ${id}?\nYes, ${id}.\n`);
    const rows = splitRows(bytes);
    return {
      id,
      asset: contributionAsset(id),
      datanet,
      contributor: base.owner,
      contentRoot: plainRoot(contentTree(bytes)),
      rowsRoot: plainRoot(rowsTree(rows)),
      byteLength: bytes.length,
      rowCount: rows.length,
      kind: 0,
      refersTo: 0,
      firstRow: 0,
      uri: storeUri(await store.put(bytes)),
      licence: 'CC-BY-4.0',
      version: ZERO_HASH,
    };
  }

  /** An engine whose steps cost nothing. It stops for ever at a step, as a killed process would, when told to. */
  function fakeEngine(hangAt = Number.POSITIVE_INFINITY): TrainingEngine & { resumedFrom: number[] } {
    const resumedFrom: number[] = [];
    let saved: StepRecord[] = [];
    return {
      resumedFrom,
      base: async () =>
        ({
          weightsHash,
          tokenizerHash: weightsHash,
          config: { layers: 0 },
          tokenizer: {
            encode: (text: string) => [...utf8(text)],
            encodeChat: ([message]: { content: string }[]) => [...utf8(message.content)],
            endToken: () => 0,
          },
        }) as unknown as BaseModel,
      async *train({ manifest, checkpointDir, checkpointEvery = 20, signal }) {
        const log = await import('node:fs/promises').then((fs) =>
          fs.readFile(stepLogPath(checkpointDir!), 'utf8').catch(() => ''),
        );
        saved = log
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line));
        resumedFrom.push(saved.length);
        const records = [...saved];
        for (let step = records.length + 1; step <= manifest.steps; step += 1) {
          signal?.throwIfAborted();
          if (step === hangAt)
            await new Promise((_, reject) =>
              signal?.addEventListener('abort', () => reject(new Error('aborted'))),
            );
          records.push({ step, batchHash: ZERO_HASH, lossBits: lossBits(1 / step), weightsHash });
          yield {
            type: 'step',
            step,
            loss: 1 / step,
            lr: 0.1,
            gradNorm: 1,
            tokensPerSecond: 1,
            etaSeconds: 0,
          };
          if (step % checkpointEvery === 0 || step === manifest.steps) {
            await writeFile(stepLogPath(checkpointDir!), encodeStepLog(records));
            yield { type: 'checkpoint', step, path: '', hash: hashStepRecord(records[step - 1]) };
          }
        }
        const result = {
          adapter: { rank: 1, alpha: 1, rankStabilised: false, weights: new Float32Array(0) },
          parameters: new Float32Array(0),
          secondMoment: new Float32Array(0),
          step: records.length,
          records,
          evaluations: [],
          machine: { model: '', class: '' },
        };
        yield { type: 'done', ...result };
        return result;
      },
      async buildInfluence({ rows }) {
        const sketches = rows.map(({ asset, row }) => ({
          asset,
          row,
          sigma: 1,
          a: new Int8Array(256).fill(asset),
        }));
        const assets = [...new Set(rows.map(({ asset }) => asset))];
        return {
          basis: utf8('basis'),
          rows: sketches,
          contributions: assets.map((asset) => ({
            asset,
            sigma: 2,
            a: new Int8Array(256).fill(asset),
            rowsSketchRoot: plainRoot(rowSketchesTree(sketches.filter((row) => row.asset === asset))),
          })),
          sigmaCap: 2,
        };
      },
      encodeAdapter: () => new Map([['adapter_config.json', utf8('{}')]]),
    };
  }

  const deps = (engine: TrainingEngine): TrainerDeps => ({
    folder,
    store,
    catalog: { list: async () => [base], find: async () => base },
    permission: async () => 'open',
    contributions: async () => accepted,
    engine,
    log: createLog('silent'),
    now: () => 1_800_000_000,
  });
  const body = {
    name: 'guide',
    datanets: [1],
    contributions: [],
    weights: {},
    settings: { epochs: 30, batch: 2 },
  };

  async function finished(trainer: Awaited<ReturnType<typeof createTrainer>>, id: string): Promise<Job> {
    for (let after = 0; !['succeeded', 'failed'].includes(trainer.get(id).status); after += 1) {
      await trainer.waitForEvents(id, after, AbortSignal.timeout(5_000));
    }
    return trainer.get(id);
  }

  it('ends with everything that its builder needs to publish, and what it stored verifies', async () => {
    const trainer = await createTrainer(deps(fakeEngine()));
    const { id } = await trainer.create(body);
    const job = await finished(trainer, id);
    expect(job.error).toBeNull();
    expect(job).toMatchObject({ status: 'succeeded', contributions: [1, 2], rows: 4, step: job.totalSteps });
    const { publish, anchors } = job.result!;
    expect(anchors.at(-1)).toMatchObject({ step: job.totalSteps, runId: job.openRun.runId });
    expect(publish).toMatchObject({ parent: 1, scheme: 7, runId: job.openRun.runId, datanets: [1] });
    // A serving node rebuilds every commitment from the store alone.
    const { parent, scheme, treeDepth, sigmaCap, sketchRoot, corpusRoot, baselineRoot, basisHash, runId } =
      publish;
    const terms = {
      parent,
      scheme,
      treeDepth,
      sigmaCap,
      sketchRoot,
      corpusRoot,
      baselineRoot,
      basisHash,
      runId,
    };
    const model = { ...base, id: 2, kind: 'adapter', uri: publish.uri } as ListedModel;
    const listed = {
      ...model,
      terms: { ...base.terms, ...terms, weightsHash: publish.adapterHash },
    } as ListedModel;
    const adapter = await verifyAdapter(store, listed);
    expect(adapter.documents.map(({ asset }) => asset)).toEqual([4, 8]);
    expect(adapter.card.dataset).toBe(job.dataset);
    const report = datasetReport.parse(JSON.parse(fromUtf8(await store.get(adapter.card.dataset!))));
    expect(report.totals).toMatchObject({ contributions: 2, includedRows: 4 });
    expect(adapter.baseline.reduce((sum, { parts }) => sum + parts, 0)).toBe(1_000_000_000);
    const forged = { ...listed, terms: { ...listed.terms, sketchRoot: ZERO_HASH } };
    await expect(verifyAdapter(store, forged)).rejects.toMatchObject({
      code: 'model_unusable',
      message: expect.stringContaining('sketchRoot'),
    });
    await trainer.close();
  });

  it('goes on from its last checkpoint after the process was killed, and tells each step once', async () => {
    const first = await createTrainer(deps(fakeEngine(25)));
    const { id, totalSteps } = await first.create(body);
    while (first.get(id).step < 24)
      await first.waitForEvents(id, first.events(id, 0).length, AbortSignal.timeout(5_000));
    // Not closed: the process is gone. A half-written line is what it leaves behind.
    await appendFile(join(folder, id, 'events.jsonl'), '{"id":99,"type":"st');
    const engine = fakeEngine();
    const second = await createTrainer(deps(engine));
    const job = await finished(second, id);
    expect(job.status).toBe('succeeded');
    expect(engine.resumedFrom).toEqual([20]);
    const events = second.events(id, 0);
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    const steps = events.filter(({ type }) => type === 'step').map(({ data }) => data.step);
    expect(steps).toEqual(Array.from({ length: totalSteps }, (_, index) => index + 1));
    await first.close();
    await second.close();
    const third = await createTrainer(deps(fakeEngine()));
    expect(third.events(id, 0)).toEqual(events);
    await third.close();
  });

  it('anchors at each checkpoint the root of all steps up to it', async () => {
    const trainer = await createTrainer(deps(fakeEngine()));
    const { id } = await trainer.create(body);
    await finished(trainer, id);
    const records = Array.from({ length: 20 }, (_, i) => ({
      step: i + 1,
      batchHash: ZERO_HASH,
      lossBits: lossBits(1 / (i + 1)),
      weightsHash,
    }));
    const anchor = trainer.events(id, 0).find(({ type, data }) => type === 'checkpoint' && data.step === 20);
    expect(anchor?.data.stepsRoot).toBe(plainRoot(stepsTree(records)));
    await trainer.close();
  });

  it('stops when it is paused, also over a restart, and goes on when it is resumed', async () => {
    const trainer = await createTrainer(deps(fakeEngine(25)));
    const { id } = await trainer.create(body);
    while (trainer.get(id).step < 24)
      await trainer.waitForEvents(id, trainer.events(id, 0).length, AbortSignal.timeout(5_000));
    expect(await trainer.pause(id)).toMatchObject({ status: 'paused', finished_at: null });
    await expect(trainer.pause(id)).rejects.toMatchObject({ code: 'bad_request' });
    await trainer.close();
    const engine = fakeEngine();
    const next = await createTrainer(deps(engine));
    expect(next.get(id).status).toBe('paused');
    expect((await next.resume(id)).status).toBe('queued');
    expect(await finished(next, id)).toMatchObject({ status: 'succeeded' });
    expect(engine.resumedFrom).toEqual([20]);
    await expect(next.resume(id)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(next.cancel(id)).rejects.toMatchObject({ code: 'bad_request' });
    await next.close();
  });

  it('leaves the queue when it is cancelled, and starts anew when it is asked for again', async () => {
    const trainer = await createTrainer(deps(fakeEngine(5)));
    const running = await trainer.create(body);
    const waiting = await trainer.create({ ...body, settings: { epochs: 2 } });
    expect(await trainer.cancel(waiting.id)).toMatchObject({
      status: 'cancelled',
      finished_at: expect.any(Number),
    });
    while (trainer.get(running.id).step < 4)
      await trainer.waitForEvents(
        running.id,
        trainer.events(running.id, 0).length,
        AbortSignal.timeout(5_000),
      );
    expect((await trainer.cancel(running.id)).status).toBe('cancelled');
    expect(trainer.get(waiting.id).status).toBe('cancelled');
    const again = await trainer.create({ ...body, settings: { epochs: 2 } });
    expect(again.id).toBe(waiting.id);
    expect((await finished(trainer, again.id)).status).toBe('succeeded');
    await trainer.close();
  });

  it('is controlled and lists its checkpoints over HTTP, in the shape that OpenAI gives them', async () => {
    const trainer = await createTrainer(deps(fakeEngine(25)));
    const app = createApp({ log: createLog('silent'), routes: [trainerRoutes(trainer)] });
    const answers = checkAnswers(app);
    const { id } = await trainer.create(body);
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
    const trainer = await createTrainer(deps(fakeEngine()));
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

  it('refuses content that is not what the chain accepted, and datanets without contributions', async () => {
    const trainer = await createTrainer(deps(fakeEngine()));
    await expect(trainer.create({ ...body, datanets: [9] })).rejects.toMatchObject({ code: 'bad_request' });
    accepted[0] = { ...accepted[0], contentRoot: ZERO_HASH };
    await expect(trainer.create(body)).rejects.toMatchObject({
      code: 'training_failed',
      message: expect.stringContaining('content root'),
    });
    await trainer.close();
  });

  it('streams its events with ids, so that a page can go on where it lost the connection', async () => {
    const trainer = await createTrainer(deps(fakeEngine()));
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
