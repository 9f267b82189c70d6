import { mkdir } from 'node:fs/promises';
import type { StepRecord } from '@openledger/sdk/protocol/training';
import type { Hex } from 'viem';
import type { Adapter } from '../adapter/peft.ts';
import type { BaseModel } from '../model/base.ts';
import type { Device } from '../runtime/profile.ts';
import { copyOptimizerState, correctedSecondMoment, type OptimizerState } from './adamw.ts';
import { loadCheckpoint, loadLatestCheckpoint, pruneCheckpoints, saveCheckpoint } from './checkpoint.ts';
import type { DatasetReport } from './dataset.ts';
import { bestOf, type Evaluation, isStalled } from './evaluation.ts';
import { openEventLog } from './event-log.ts';
import { describeMachine, type Machine } from './machine.ts';
import { checkInputs, type ManifestLora, runIdOf, type TrainingManifest } from './manifest.ts';
import type { Row } from './rows.ts';
import { createStepFactors } from './schedule.ts';
import { Stepper } from './stepper.ts';

export type TrainOptions = {
  readonly base: BaseModel;
  readonly manifest: TrainingManifest;
  /** All rows of the manifest's contributions, in its order. */
  readonly rows: readonly Row[];
  /** Where checkpoints, step records and events go. Without it nothing is written. */
  readonly checkpointDir?: string;
  /** Steps between checkpoints. Default 20. The last step and each new best always make one. */
  readonly checkpointEvery?: number;
  /**
   * How many of the newest checkpoints stay, besides the best. Default: all. Verifying a step starts at the
   * checkpoint before it, so fewer checkpoints make that slower.
   */
  readonly keepCheckpoints?: number;
  /** Go on from the latest checkpoint in `checkpointDir`. Default true. */
  readonly resume?: boolean;
  /** Threads per operator; does not change the result. */
  readonly threads?: number;
  /** Where a native run computes. Default `cpu`. */
  readonly device?: Device;
  /** Frozen weights of more bytes are shared by all graphs (`RuntimeOptions`). Default: of about 2 GiB. */
  readonly shareAbove?: number;
  readonly signal?: AbortSignal;
};

/** What a run leaves behind. */
export type RunResult = {
  /** The trained numbers, in the order of `layoutOf(base, manifest)`. */
  readonly parameters: Float32Array;
  /** Adam's second moment at the same step, bias-corrected, in the same order. */
  readonly secondMoment: Float32Array;
  /** The step whose weights these are: the last, or the best. */
  readonly step: number;
  /** The record of every step, from 1. Fewer than the manifest's steps when the run stopped early. */
  readonly records: readonly StepRecord[];
  /** Measurements on the validation rows, from step 0. */
  readonly evaluations: readonly Evaluation[];
  /** What the last steps were computed on. */
  readonly machine: Machine;
};

/** What a run of mode `lora` leaves behind. */
export type TrainResult = RunResult & { readonly adapter: Adapter };

/** What happens in a run. `tokensPerSecond` and `etaSeconds` are about this process, since it started. */
export type RunEvent =
  | {
      readonly type: 'start';
      readonly runId: Hex;
      readonly steps: number;
      readonly fromStep: number;
      readonly machine: Machine;
      readonly data: DatasetReport;
    }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly loss: number;
      readonly lr: number;
      readonly gradNorm: number;
      readonly tokensPerSecond: number;
      readonly etaSeconds: number;
    }
  | ({ readonly type: 'evaluation' } & Evaluation)
  | { readonly type: 'checkpoint'; readonly step: number; readonly path: string; readonly hash: Hex };

/** The end of a run; it is not written to the event log. */
export type DoneEvent = { readonly type: 'done' } & RunResult;
export type TrainEvent = RunEvent | ({ readonly type: 'done' } & TrainResult);

/** Trains a LoRA adapter as its manifest says, and reports every step (see `trainModel`). */
export async function* trainAdapter(options: TrainOptions): AsyncGenerator<TrainEvent, TrainResult> {
  const { lora } = options.manifest;
  if (lora === undefined) throw new Error('This run trains a whole model. Use `trainModel`.');
  for await (const event of trainModel(options)) {
    if (event.type !== 'done') {
      yield event;
      continue;
    }
    const result = { ...event, adapter: adapterOf(lora, event.parameters) };
    yield result;
    return result;
  }
  throw new Error('The run ended without a result.');
}

/** Parameters of a run of mode `lora` as an adapter. */
export function adapterOf(lora: ManifestLora, weights: Float32Array): Adapter {
  const { rank, alpha, rankStabilised, targets } = lora;
  return { rank, alpha, rankStabilised, targets, weights };
}

/**
 * Trains as a manifest says, and reports every step.
 *
 * With `checkpointDir` a run that was killed goes on from its last checkpoint to the same bits. All events but
 * the last are also appended to `events.jsonl` there. Measuring never touches the weights or their order.
 */
export async function* trainModel(options: TrainOptions): AsyncGenerator<RunEvent | DoneEvent, RunResult> {
  const { base, manifest, rows, checkpointDir: directory, checkpointEvery = 20, signal } = options;
  checkInputs(manifest, base, rows);
  const runId = runIdOf(manifest);
  if (directory !== undefined) await mkdir(directory, { recursive: true });
  const resumed =
    directory !== undefined && (options.resume ?? true)
      ? await loadLatestCheckpoint(directory, runId)
      : undefined;
  const records = [...(resumed?.history.records ?? [])];
  const evaluations = [...(resumed?.history.evaluations ?? [])];
  const from = records.length;
  const append = directory === undefined ? undefined : await openEventLog(directory, from);
  const emit = async <E extends RunEvent>(event: E): Promise<E> => {
    await append?.(event);
    return event;
  };

  const machine = describeMachine(options.device);
  const { every, patience, keep } = manifest.evaluation;
  const stepper = await Stepper.open(base, manifest, rows, {
    threads: options.threads,
    device: options.device,
    shareAbove: options.shareAbove,
    state: resumed?.checkpoint.state,
  });
  try {
    yield await emit({
      type: 'start',
      runId,
      steps: manifest.steps,
      fromStep: from,
      machine,
      data: stepper.data,
    });
    let best = await loadBest(directory, runId, evaluations, keep);
    /** Measures once per step, and says whether the weights are the best so far. */
    const measure = async (step: number): Promise<{ event?: Evaluation; isBest: boolean }> => {
      if (evaluations.some((one) => one.step === step)) return { isBest: false };
      const event = await stepper.evaluate(step);
      if (event === undefined) return { isBest: false };
      evaluations.push(event);
      const isBest = keep === 'best' && bestTrained(evaluations) === event;
      if (isBest) best = { step, state: copyOptimizerState(stepper.state) };
      return { event, isBest };
    };
    if (from === 0) {
      const { event } = await measure(0);
      if (event !== undefined) yield await emit({ type: 'evaluation', ...event });
    }
    const started = performance.now();
    let tokens = 0;
    let ended = from === manifest.steps || (from > 0 && isStalled(evaluations, patience));
    let saved = from;
    for (let step = from + 1; !ended; step += 1) {
      if (signal?.aborted) {
        // A pause should not cost the steps since the last checkpoint.
        const checkpoint = { runId, step: step - 1, state: stepper.state };
        if (directory !== undefined && saved < step - 1) {
          await saveCheckpoint(directory, checkpoint, { records, evaluations });
        }
        signal.throwIfAborted();
      }
      const result = await stepper.run(step);
      records.push(result.record);
      tokens += result.tokens;
      const seconds = (performance.now() - started) / 1000;
      const { loss, lr, gradNorm } = result;
      const tokensPerSecond = tokens / seconds;
      const etaSeconds = (seconds / (step - from)) * (manifest.steps - step);
      yield await emit({ type: 'step', step, loss, lr, gradNorm, tokensPerSecond, etaSeconds });
      const last = step === manifest.steps;
      const { event, isBest } =
        last || (every > 0 && step % every === 0) ? await measure(step) : { isBest: false };
      if (event !== undefined) yield await emit({ type: 'evaluation', ...event });
      ended = last || isStalled(evaluations, patience);
      if (directory !== undefined && (step % checkpointEvery === 0 || ended || isBest)) {
        const checkpoint = { runId, step, state: stepper.state };
        const file = await saveCheckpoint(directory, checkpoint, { records, evaluations });
        saved = step;
        if (options.keepCheckpoints !== undefined) {
          await pruneCheckpoints(directory, options.keepCheckpoints, best === undefined ? [] : [best.step]);
        }
        yield await emit({ type: 'checkpoint', step, ...file });
      }
    }
    const chosen = best ?? { step: records.length, state: stepper.state };
    const result = {
      parameters: chosen.state.parameters,
      secondMoment: correctedSecondMoment(chosen.state, createStepFactors(manifest)(chosen.step)),
      step: chosen.step,
      records,
      evaluations,
      machine,
    };
    yield { type: 'done', ...result };
    return result;
  } finally {
    await stepper.close();
  }
}

type Best = { readonly step: number; readonly state: OptimizerState };

/** The best measurement of weights that were trained at all. */
function bestTrained(evaluations: readonly Evaluation[]): Evaluation | undefined {
  return bestOf(evaluations.filter(({ step }) => step > 0));
}

/** The best weights of a run that goes on. */
async function loadBest(
  directory: string | undefined,
  runId: Hex,
  evaluations: readonly Evaluation[],
  keep: 'last' | 'best',
): Promise<Best | undefined> {
  const best = keep === 'best' ? bestTrained(evaluations) : undefined;
  if (directory === undefined || best === undefined) return undefined;
  return { step: best.step, state: (await loadCheckpoint(directory, runId, best.step)).state };
}
