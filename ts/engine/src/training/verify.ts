import { hashStepRecord, type StepRecord } from '@openledger/sdk/protocol/training';
import type { BaseModel } from '../model/base.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import { checkInputs, runIdOf, type TrainingManifest } from './manifest.ts';
import type { Row } from './rows.ts';
import { Stepper } from './stepper.ts';

export type VerifyOptions = {
  readonly base: BaseModel;
  readonly manifest: TrainingManifest;
  readonly rows: readonly Row[];
  /** Bytes of a checkpoint before the step; left out, the run is repeated from its beginning. */
  readonly checkpoint?: Uint8Array;
  /** The record that was anchored. */
  readonly record: StepRecord;
  readonly threads?: number;
};

/** Whether a step record is right, and the record that the step really gives. */
export type Verification = { readonly ok: boolean; readonly recomputed: StepRecord };

/** Executes a training step again from the checkpoint before it, and compares the record. */
export async function verifyStep(options: VerifyOptions): Promise<Verification> {
  const { base, manifest, rows, record } = options;
  checkInputs(manifest, base, rows);
  const checkpoint = options.checkpoint === undefined ? undefined : decodeCheckpoint(options.checkpoint);
  if (checkpoint !== undefined && checkpoint.runId !== runIdOf(manifest)) {
    throw new Error('The checkpoint belongs to another run.');
  }
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
    return { ok: hashStepRecord(recomputed) === hashStepRecord(record), recomputed };
  } finally {
    await stepper.close();
  }
}
