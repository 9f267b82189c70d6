import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StepRecord } from '@openledger/sdk/protocol/training';
import type { Hex } from 'viem';
import type { Adapter } from '../adapter/peft.ts';
import type { BaseModel } from '../model/base.ts';
import { correctedSecondMoment } from './adamw.ts';
import { loadLatestCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { checkInputs, runIdOf, type TrainingManifest } from './manifest.ts';
import type { Row } from './rows.ts';
import { Stepper } from './stepper.ts';

export type TrainOptions = {
  readonly base: BaseModel;
  readonly manifest: TrainingManifest;
  /** All rows of the manifest's contributions, in its order. */
  readonly rows: readonly Row[];
  /** Where checkpoints, step records and events go. Without it nothing is written. */
  readonly checkpointDir?: string;
  /** Steps between checkpoints. Default 20. The last step always makes one. */
  readonly checkpointEvery?: number;
  /** Go on from the latest checkpoint in `checkpointDir`. Default true. */
  readonly resume?: boolean;
  /** Threads per operator; does not change the result. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
};

/** What a run leaves behind. */
export type TrainResult = {
  readonly adapter: Adapter;
  /** Adam's second moment after the last step, bias-corrected, in the order of the adapter's weights. */
  readonly secondMoment: Float32Array;
  /** The record of every step, from 1. */
  readonly records: readonly StepRecord[];
};

export type TrainEvent =
  | { readonly type: 'start'; readonly runId: Hex; readonly steps: number; readonly fromStep: number }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly loss: number;
      readonly lr: number;
      readonly gradNorm: number;
      readonly tokensPerSecond: number;
      readonly etaSeconds: number;
    }
  | { readonly type: 'checkpoint'; readonly step: number; readonly path: string; readonly hash: Hex }
  | ({ readonly type: 'done' } & TrainResult);

/**
 * Trains a LoRA adapter as its manifest says, and reports every step.
 *
 * With `checkpointDir` a run that was killed goes on from its last checkpoint to the same bits. All events but
 * the last are also appended to `events.jsonl` there.
 */
export async function* trainAdapter(options: TrainOptions): AsyncGenerator<TrainEvent, TrainResult> {
  const { base, manifest, rows, checkpointDir: directory, checkpointEvery = 20, signal } = options;
  checkInputs(manifest, base, rows);
  const runId = runIdOf(manifest);
  if (directory !== undefined) await mkdir(directory, { recursive: true });
  const resumed =
    directory !== undefined && (options.resume ?? true)
      ? await loadLatestCheckpoint(directory, runId)
      : undefined;
  const emit = async <E extends TrainEvent>(event: E): Promise<E> => {
    if (directory !== undefined)
      await appendFile(join(directory, 'events.jsonl'), `${JSON.stringify(event)}\n`);
    return event;
  };

  const records = resumed?.records ?? [];
  const first = records.length + 1;
  const stepper = await Stepper.open(base, manifest, rows, {
    threads: options.threads,
    state: resumed?.checkpoint.state,
  });
  try {
    yield await emit({ type: 'start', runId, steps: manifest.steps, fromStep: records.length });
    const started = performance.now();
    let tokens = 0;
    for (let step = first; step <= manifest.steps; step += 1) {
      signal?.throwIfAborted();
      const result = await stepper.run(step);
      records.push(result.record);
      tokens += result.tokens;
      const seconds = (performance.now() - started) / 1000;
      const { loss, lr, gradNorm } = result;
      const etaSeconds = (seconds / (step - first + 1)) * (manifest.steps - step);
      yield await emit({
        type: 'step',
        step,
        loss,
        lr,
        gradNorm,
        tokensPerSecond: tokens / seconds,
        etaSeconds,
      });
      if (directory !== undefined && (step % checkpointEvery === 0 || step === manifest.steps)) {
        const saved = await saveCheckpoint(directory, { runId, step, state: stepper.state }, records);
        yield await emit({ type: 'checkpoint', step, ...saved });
      }
    }
    const { rank, alpha, rankStabilised } = manifest.lora;
    const result = {
      adapter: { rank, alpha, rankStabilised, weights: stepper.state.parameters },
      secondMoment: correctedSecondMoment(stepper.state, manifest.optimizer, manifest.steps),
      records,
    };
    yield { type: 'done', ...result };
    return result;
  } finally {
    await stepper.close();
  }
}
