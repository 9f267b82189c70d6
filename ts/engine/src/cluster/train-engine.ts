import { z } from 'zod';
import type { Device } from '../runtime/profile.ts';
import type { RunEvent } from '../training/run.ts';

/** Everything that an engine needs, as folders: it may run in another process or on another machine. */
export type TrainJob = {
  /** Holds `manifest.json` and `rows.jsonl`. The engine keeps checkpoints and logs in `run/`, its result in `result/`. */
  readonly folder: string;
  /** The base model in Hugging Face layout. */
  readonly base: string;
};

export type TrainEngineOptions = {
  /** Stops the run at its next step; it can go on later from there. */
  readonly signal?: AbortSignal;
  /** Threads per operator, where the engine lets one choose. Does not change the result. */
  readonly threads?: number;
  /** Where a native run computes, where the engine lets one choose. Default `cpu`. */
  readonly device?: Device;
  /** Steps between checkpoints. */
  readonly checkpointEvery?: number;
  /** How many of the newest checkpoints stay. */
  readonly keepCheckpoints?: number;
};

/** The last event of a run that came to its end: `result/` is complete. */
export type EndEvent = {
  readonly type: 'end';
  /** The step whose weights are the result. */
  readonly step: number;
  /** Steps that were taken. */
  readonly steps: number;
};

export type EngineEvent = RunEvent | EndEvent;

/**
 * Carries training runs out. Starting a run that was cut off goes on with it. The events end with `end`, or the
 * iteration throws: the signal's reason when it was told to stop, else what went wrong.
 */
export type TrainEngine = {
  readonly name: string;
  train(job: TrainJob, options?: TrainEngineOptions): AsyncIterable<EngineEvent>;
};

const natural = z.number().int().min(0);
const hash = z.templateLiteral(['0x', z.string().regex(/^[0-9a-f]{64}$/)]);
const measured = { loss: z.number(), perplexity: z.number() };

/** One line of the JSONL contract: what an engine in another process prints. */
export const engineEventSchema: z.ZodType<EngineEvent> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('start'),
    runId: hash,
    steps: natural,
    fromStep: natural,
    machine: z.object({ model: z.string(), class: z.string() }),
    data: z.object({
      trainRows: natural,
      validationRows: natural,
      sequences: natural,
      tokens: natural,
      shortened: natural,
      unread: natural,
    }),
  }),
  z.object({
    type: z.literal('step'),
    step: natural,
    loss: z.number(),
    lr: z.number(),
    gradNorm: z.number(),
    tokensPerSecond: z.number(),
    etaSeconds: z.number(),
  }),
  z.object({
    type: z.literal('evaluation'),
    step: natural,
    ...measured,
    datanets: z.array(z.object({ datanet: natural, tokens: natural, ...measured })),
  }),
  z.object({ type: z.literal('checkpoint'), step: natural, path: z.string(), hash }),
  z.object({ type: z.literal('end'), step: natural, steps: natural }),
]);

/** Reads a line that an engine printed; undefined for lines that are none of ours, such as warnings of libraries. */
export function parseEngineLine(line: string): EngineEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return engineEventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
