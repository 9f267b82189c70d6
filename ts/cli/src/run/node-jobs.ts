import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { DevnetConfig } from '../devnet/config.ts';
import { nodeJson } from '../thread/context.ts';
import type { PrintedEvent } from './print.ts';

/** What the command line shows of a node's training job. */
const jobSchema = z.looseObject({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  step: z.number(),
  totalSteps: z.number(),
  loss: z.number().nullable(),
  finished_at: z.number().nullable(),
});
export type NodeJob = z.infer<typeof jobSchema>;

const eventSchema = z.object({ id: z.number(), type: z.string(), data: z.record(z.string(), z.unknown()) });

/** Ids of a node's jobs look like this; other ids are runs on this machine. */
export function isNodeJob(id: string): boolean {
  return id.startsWith('ftjob-');
}

type Context = { readonly config: DevnetConfig };
const JOBS = '/v1/fine_tuning/jobs';

export async function createNodeJob(
  config: DevnetConfig,
  body: { name?: string; datanets: number[]; settings: Record<string, unknown> },
): Promise<NodeJob> {
  return jobSchema.parse(await nodeJson({ config } satisfies Context, JOBS, { body }));
}

export async function listNodeJobs(config: DevnetConfig): Promise<NodeJob[]> {
  return z.object({ data: z.array(jobSchema) }).parse(await nodeJson({ config }, JOBS)).data;
}

export async function readNodeJob(config: DevnetConfig, id: string): Promise<NodeJob> {
  return jobSchema.parse(await nodeJson({ config }, `${JOBS}/${id}`));
}

export async function controlNodeJob(
  config: DevnetConfig,
  id: string,
  action: 'pause' | 'resume' | 'cancel',
): Promise<NodeJob> {
  return jobSchema.parse(await nodeJson({ config }, `${JOBS}/${id}/${action}`, { method: 'POST' }));
}

/** The events of a job so far; with `follow` also those to come, until the job is over or paused. */
export async function* followNodeJob(
  config: DevnetConfig,
  id: string,
  follow: boolean,
): AsyncGenerator<PrintedEvent> {
  let after = 0;
  for (;;) {
    const { finished_at, status } = await readNodeJob(config, id);
    const answer = await nodeJson({ config }, `${JOBS}/${id}/events?after=${after}`);
    for (const event of z.object({ data: z.array(eventSchema) }).parse(answer).data) {
      after = event.id;
      yield { ...event.data, type: event.type };
    }
    if (!follow || finished_at !== null || status === 'paused') return;
    await sleep(500);
  }
}
