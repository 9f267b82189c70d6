import { createRayEngine, type RayEngineOptions } from '../../src/cluster/ray.ts';
import { createRayClient } from '../../src/cluster/ray-jobs.ts';
import type { EngineEvent, TrainJob } from '../../src/cluster/train-engine.ts';

/** What a scenario gets: how to reach the cluster, the training program there, and the run. */
export type ScenarioOptions = {
  readonly ray: Omit<RayEngineOptions, 'command'>;
  readonly program: readonly string[];
  readonly job: TrainJob;
};

/** What came of a scenario, in words and numbers that a test can expect. */
export type ScenarioResult = { readonly events: EngineEvent[]; readonly error?: string };

/** Counts instead of telling the time, so that a replay asks what was asked. */
export function createClock(): () => number {
  let ticks = 0;
  return () => {
    ticks += 1;
    return ticks;
  };
}

/** Everything that the adapter is asked to do with a cluster: carried out with a real one once, then replayed. */
export const scenarios = {
  /** A run from its start to its end. */
  train: ({ ray, program, job }) => drain(createRayEngine({ ...ray, command: program }).train(job)),

  /** A run whose client goes away, and comes back to the job that is still at work. */
  async comeBack({ ray, program, job }) {
    const engine = createRayEngine({ ...ray, command: program });
    // Never asked for its second event, nor told that nobody listens: as after kill -9.
    await engine.train(job)[Symbol.asyncIterator]().next();
    return drain(engine.train(job));
  },

  /** A run that is paused after its first step, and carried on by a second job. */
  async stop({ ray, program, job }) {
    const engine = createRayEngine({ ...ray, command: program });
    const stop = new AbortController();
    const first = await drain(engine.train(job, { signal: stop.signal }), (event) => {
      if (event.type === 'step') stop.abort(new Error('paused'));
    });
    const second = await drain(engine.train(job));
    return { events: [...first.events, ...second.events], error: first.error };
  },

  /** A program that fails. */
  fail: ({ ray, job }) =>
    drain(createRayEngine({ ...ray, command: ['/bin/sh', '-c', 'echo no such GPU; exit 3'] }).train(job)),

  /** An id that Ray has seen, and one that it has not. */
  async refuse({ ray }) {
    const client = createRayClient(ray);
    const twice = { entrypoint: 'true', submission_id: 'openledger-twice' };
    const errors: string[] = [];
    for (const attempt of [
      () => client.submit(twice),
      () => client.submit(twice),
      () => client.status('openledger-never'),
    ]) {
      await attempt().catch((error: Error) => errors.push(error.message));
    }
    return { events: [], error: errors.join('\n') };
  },
} satisfies Record<string, (options: ScenarioOptions) => Promise<ScenarioResult>>;

async function drain(
  events: AsyncIterable<EngineEvent>,
  onEvent?: (event: EngineEvent) => void,
): Promise<ScenarioResult> {
  const told: EngineEvent[] = [];
  try {
    for await (const event of events) {
      told.push(event);
      onEvent?.(event);
    }
    return { events: told };
  } catch (error) {
    return { events: told, error: (error as Error).message };
  }
}
