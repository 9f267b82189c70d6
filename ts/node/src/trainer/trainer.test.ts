import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetReport } from '@openledger/engine/dataset/report';
import { fromUtf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { lossBits, stepsTree } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  base,
  fakeEngine,
  finished,
  jobBody,
  trainerWorld,
  weightsHash,
} from '../../test/support/trainer.ts';
import type { ListedModel } from '../models/types.ts';
import { verifyAdapter } from '../models/verify.ts';
import { createTrainer } from './trainer.ts';

describe('a training job', () => {
  let world: Awaited<ReturnType<typeof trainerWorld>>;
  beforeEach(async () => {
    world = await trainerWorld();
  });
  afterEach(() => world.close());

  it('ends with everything that its builder needs to publish, and what it stored verifies', async () => {
    const trainer = await createTrainer(world.deps(fakeEngine()));
    const { id } = await trainer.create(jobBody);
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
    const adapter = await verifyAdapter(world.store, listed);
    expect(adapter.documents.map(({ asset }) => asset)).toEqual([4, 8]);
    expect(adapter.card.dataset).toBe(job.dataset);
    const report = datasetReport.parse(JSON.parse(fromUtf8(await world.store.get(adapter.card.dataset!))));
    expect(report.totals).toMatchObject({ contributions: 2, includedRows: 4 });
    expect(adapter.baseline.reduce((sum, { parts }) => sum + parts, 0)).toBe(1_000_000_000);
    const forged = { ...listed, terms: { ...listed.terms, sketchRoot: ZERO_HASH } };
    await expect(verifyAdapter(world.store, forged)).rejects.toMatchObject({
      code: 'model_unusable',
      message: expect.stringContaining('sketchRoot'),
    });
    await trainer.close();
  });

  it('goes on from its last checkpoint after the process was killed, and tells each step once', async () => {
    const first = await createTrainer(world.deps(fakeEngine(25)));
    const { id, totalSteps } = await first.create(jobBody);
    while (first.get(id).step < 24)
      await first.waitForEvents(id, first.events(id, 0).length, AbortSignal.timeout(5_000));
    // Not closed: the process is gone. A half-written line is what it leaves behind.
    await appendFile(join(world.folder, id, 'events.jsonl'), '{"id":99,"type":"st');
    const engine = fakeEngine();
    const second = await createTrainer(world.deps(engine));
    const job = await finished(second, id);
    expect(job.status).toBe('succeeded');
    expect(engine.resumedFrom).toEqual([20]);
    const events = second.events(id, 0);
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    const steps = events.filter(({ type }) => type === 'step').map(({ data }) => data.step);
    expect(steps).toEqual(Array.from({ length: totalSteps }, (_, index) => index + 1));
    await first.close();
    await second.close();
    const third = await createTrainer(world.deps(fakeEngine()));
    expect(third.events(id, 0)).toEqual(events);
    await third.close();
  });

  it('anchors at each checkpoint the root of all steps up to it', async () => {
    const trainer = await createTrainer(world.deps(fakeEngine()));
    const { id } = await trainer.create(jobBody);
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
    const trainer = await createTrainer(world.deps(fakeEngine(25)));
    const { id } = await trainer.create(jobBody);
    while (trainer.get(id).step < 24)
      await trainer.waitForEvents(id, trainer.events(id, 0).length, AbortSignal.timeout(5_000));
    expect(await trainer.pause(id)).toMatchObject({ status: 'paused', finished_at: null });
    await expect(trainer.pause(id)).rejects.toMatchObject({ code: 'bad_request' });
    await trainer.close();
    const engine = fakeEngine();
    const next = await createTrainer(world.deps(engine));
    expect(next.get(id).status).toBe('paused');
    expect((await next.resume(id)).status).toBe('queued');
    expect(await finished(next, id)).toMatchObject({ status: 'succeeded' });
    expect(engine.resumedFrom).toEqual([20]);
    await expect(next.resume(id)).rejects.toMatchObject({ code: 'bad_request' });
    await expect(next.cancel(id)).rejects.toMatchObject({ code: 'bad_request' });
    await next.close();
  });

  it('leaves the queue when it is cancelled, and starts anew when it is asked for again', async () => {
    const trainer = await createTrainer(world.deps(fakeEngine(5)));
    const running = await trainer.create(jobBody);
    const waiting = await trainer.create({ ...jobBody, settings: { epochs: 2 } });
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
    const again = await trainer.create({ ...jobBody, settings: { epochs: 2 } });
    expect(again.id).toBe(waiting.id);
    expect((await finished(trainer, again.id)).status).toBe('succeeded');
    await trainer.close();
  });

  it('refuses content that is not what the chain accepted, and datanets without contributions', async () => {
    const trainer = await createTrainer(world.deps(fakeEngine()));
    await expect(trainer.create({ ...jobBody, datanets: [9] })).rejects.toMatchObject({
      code: 'bad_request',
    });
    world.accepted[0] = { ...world.accepted[0], contentRoot: ZERO_HASH };
    await expect(trainer.create(jobBody)).rejects.toMatchObject({
      code: 'training_failed',
      message: expect.stringContaining('content root'),
    });
    await trainer.close();
  });
});
