import type { Hex } from 'viem';
import { z } from 'zod';
import { getJson, postJson } from './http.ts';
import { hex, integer } from './schemas.ts';
import { readServerEvents } from './sse.ts';

const anchor = z.object({ runId: hex, step: integer, stepsRoot: hex, checkpointHash: hex });

const jobSchema = z.object({
  id: z.string(),
  status: z.enum(['queued', 'running', 'paused', 'attributing', 'succeeded', 'failed', 'cancelled']),
  created_at: integer,
  finished_at: integer.nullable(),
  baseModel: integer,
  name: z.string(),
  datanets: z.array(integer),
  contributions: z.array(integer),
  rows: integer,
  totalSteps: integer,
  step: integer,
  loss: z.number().nullable(),
  openRun: z.object({
    runId: hex,
    inputsRoot: hex,
    inputCount: integer,
    totalSteps: integer,
    datanets: z.array(integer),
    uri: z.string(),
  }),
  result: z
    .object({
      adapterHash: hex,
      modelCard: hex,
      anchors: z.array(anchor),
      publish: z.object({
        parent: integer,
        adapterHash: hex,
        runId: hex,
        scheme: integer,
        treeDepth: integer,
        sigmaCap: integer,
        sketchRoot: hex,
        corpusRoot: hex,
        baselineRoot: hex,
        basisHash: hex,
        datanets: z.array(integer),
        licence: z.string(),
        uri: z.string(),
      }),
      metrics: z.record(z.string(), z.number()),
    })
    .nullable(),
  error: z.object({ message: z.string() }).nullable(),
});

/** A training job as the node tells of it. The run belongs to the node: a page only watches. */
export type Job = z.infer<typeof jobSchema>;
/** One `TrainingLog.anchor(...)`. */
export type Anchor = z.infer<typeof anchor>;

/** Settings that a builder may change; what is left out comes from the node's preset. */
export type JobSettings = Partial<{
  epochs: number;
  rank: number;
  learningRate: number;
  batch: number;
  seed: number;
}>;

/** The node's jobs, newest first. */
export async function listJobs(nodeUrl: string): Promise<Job[]> {
  return (await getJson(`${nodeUrl}/v1/fine_tuning/jobs`, z.object({ data: z.array(jobSchema) }))).data;
}

/** One job. */
export function readJob(nodeUrl: string, id: string): Promise<Job> {
  return getJson(`${nodeUrl}/v1/fine_tuning/jobs/${encodeURIComponent(id)}`, jobSchema);
}

/** Starts a job. The node gives back the same job for the same settings and seed: the result would be the same bits. */
export function createJob(
  nodeUrl: string,
  body: { name: string; datanets: number[]; trainer: Hex | undefined; settings: JobSettings },
): Promise<Job> {
  return postJson(`${nodeUrl}/v1/fine_tuning/jobs`, body, jobSchema);
}

const step = z.object({
  step: integer,
  loss: z.number(),
  tokensPerSecond: z.number().optional(),
  etaSeconds: z.number().optional(),
});
const eventSchema = z.object({
  id: integer,
  type: z.string(),
  created_at: integer,
  data: z.record(z.string(), z.unknown()),
});

/** What a curve is drawn from. */
export type CurvePoint = z.infer<typeof step>;

export type JobEvent =
  | { type: 'step'; point: CurvePoint }
  | { type: 'checkpoint'; anchor: Anchor }
  | { type: 'changed' };

/** Reads an event of a job; undefined for kinds that this studio does not know. */
export function parseJobEvent(data: string): { id: number; event: JobEvent } | undefined {
  const parsed = eventSchema.safeParse(JSON.parse(data));
  if (!parsed.success) return undefined;
  const { id, type, data: details } = parsed.data;
  if (type === 'step') return { id, event: { type, point: step.parse(details) } };
  if (type === 'checkpoint') return { id, event: { type, anchor: anchor.parse(details) } };
  return { id, event: { type: 'changed' } };
}

/**
 * Everything that happened in a job from its first step on, then what happens, until it is over. When the
 * connection breaks, it goes on after the last event that arrived.
 */
export async function* followJob(nodeUrl: string, id: string, signal: AbortSignal): AsyncGenerator<JobEvent> {
  let after = 0;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const url = `${nodeUrl}/v1/fine_tuning/jobs/${encodeURIComponent(id)}/events?after=${after}`;
      const response = await fetch(url, { signal, headers: { accept: 'text/event-stream' } });
      if (!response.ok || response.body === null) throw new Error(`The node answered ${response.status}.`);
      failures = 0;
      for await (const { event: kind, data } of readServerEvents(response.body)) {
        if (kind === 'end') return;
        const parsed = parseJobEvent(data);
        if (parsed === undefined || parsed.id <= after) continue;
        after = parsed.id;
        yield parsed.event;
      }
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (failures > 100) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(5_000, 500 * 2 ** failures)));
  }
}
