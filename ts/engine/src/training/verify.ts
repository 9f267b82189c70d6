import { readFile } from 'node:fs/promises';
import { hashStepRecord, lossFromBits, type StepRecord } from '@openledger/sdk/protocol/training';
import type { BaseModel } from '../model/base.ts';
import { Random } from '../numeric/random.ts';
import { type Checkpoint, checkpointPath, decodeCheckpoint, listCheckpoints } from './checkpoint.ts';
import { checkInputs, runIdOf, type TrainingManifest } from './manifest.ts';
import type { Row } from './rows.ts';
import { Stepper } from './stepper.ts';

/**
 * How far a native run may be from its repetition on another kind of CPU: relative, for losses and for the
 * weights' distance. Measured across instruction sets: 4e-8 after one step, 2e-6 after 200 (docs/training.md).
 */
export const NATIVE_TOLERANCE = 1e-4;

export type VerifyOptions = {
  readonly base: BaseModel;
  readonly manifest: TrainingManifest;
  readonly rows: readonly Row[];
  /** Bytes of a checkpoint before the step; left out, the run is repeated from its beginning. */
  readonly checkpoint?: Uint8Array;
  /** The record that was anchored. */
  readonly record: StepRecord;
  /** Native runs: bytes of the run's checkpoint after the step, to compare its weights too. */
  readonly after?: Uint8Array;
  readonly threads?: number;
};

/** Whether a step record is right, and the record that the step really gives. */
export type Verification = {
  readonly ok: boolean;
  readonly recomputed: StepRecord;
  /** Whether the record is the same to the last bit. Asked of exact runs; native runs may differ in the last bits. */
  readonly sameBits: boolean;
  /** Relative difference of the losses. */
  readonly lossError: number;
  /** Distance of the weights over their norm, where a checkpoint after the step was given. */
  readonly weightsError?: number;
};

/**
 * Executes a training step again from the checkpoint before it, and compares the record: bit for bit when the run is
 * exact, within `NATIVE_TOLERANCE` when it is native.
 */
export async function verifyStep(options: VerifyOptions): Promise<Verification> {
  const { base, manifest, rows, record } = options;
  checkInputs(manifest, base, rows);
  const checkpoint = decodeOwn(manifest, options.checkpoint);
  const after = decodeOwn(manifest, options.after);
  const from = checkpoint?.step ?? 0;
  if (record.step <= from || record.step > manifest.steps) {
    throw new Error(
      `Step ${record.step} cannot be checked from a checkpoint after step ${from} of ${manifest.steps}.`,
    );
  }
  const stepper = await Stepper.open(base, manifest, rows, {
    threads: options.threads,
    state: checkpoint?.state,
  });
  try {
    let recomputed = record;
    for (let step = from + 1; step <= record.step; step += 1) recomputed = (await stepper.run(step)).record;
    for (let step = record.step + 1; step <= (after?.step ?? 0); step += 1) await stepper.run(step);
    const sameBits = hashStepRecord(recomputed) === hashStepRecord(record);
    const [claimed, own] = [lossFromBits(record.lossBits), lossFromBits(recomputed.lossBits)];
    const lossError = Math.abs(claimed - own) / Math.max(1e-3, Math.abs(own));
    const weightsError =
      after === undefined ? undefined : distance(after.state.parameters, stepper.state.parameters);
    const isNear =
      recomputed.batchHash === record.batchHash &&
      lossError <= NATIVE_TOLERANCE &&
      (weightsError ?? 0) <= NATIVE_TOLERANCE;
    return {
      ok: manifest.runtime.profile === 'exact' ? sameBits : isNear,
      recomputed,
      sameBits,
      lossError,
      ...(weightsError === undefined ? {} : { weightsError }),
    };
  } finally {
    await stepper.close();
  }
}

/** `count` different steps of a run of `steps`, ascending. The seed decides; take one that nobody could foresee. */
export function drawSteps(steps: number, count: number, seed: number): number[] {
  const all = new Random(seed).shuffle(Array.from({ length: steps }, (_, i) => i + 1));
  return all.slice(0, count).sort((a, b) => a - b);
}

/** The checkpoints on both sides of a step, as files in a run's folder. */
export async function checkpointsAround(
  directory: string,
  step: number,
): Promise<{ readonly before?: Uint8Array; readonly after?: Uint8Array }> {
  const steps = await listCheckpoints(directory);
  const read = async (found: number | undefined) =>
    found === undefined ? undefined : new Uint8Array(await readFile(checkpointPath(directory, found)));
  return {
    before: await read(steps.findLast((one) => one < step)),
    after: await read(steps.find((one) => one >= step)),
  };
}

function decodeOwn(manifest: TrainingManifest, bytes: Uint8Array | undefined): Checkpoint | undefined {
  if (bytes === undefined) return undefined;
  const checkpoint = decodeCheckpoint(bytes);
  if (checkpoint.runId !== runIdOf(manifest)) throw new Error('The checkpoint belongs to another run.');
  return checkpoint;
}

/** ‖a − b‖ / ‖b‖. */
function distance(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i += 1) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference / Math.max(norm, Number.MIN_VALUE));
}
