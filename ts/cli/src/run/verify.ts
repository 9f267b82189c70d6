import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADAPTER_FILES, decodeAdapter } from '@openledger/engine/adapter/peft';
import { fromCheckpoint } from '@openledger/engine/llama/parameters';
import { type BaseModel, loadBase } from '@openledger/engine/model/base';
import { readSafetensors } from '@openledger/engine/safetensors/file';
import { Bisection, bisect, createClaimant } from '@openledger/engine/training/bisection';
import { decodeStepLog, stepLogPath } from '@openledger/engine/training/checkpoint';
import type { TrainingManifest } from '@openledger/engine/training/manifest';
import { RUN_FILES, readRunFolder } from '@openledger/engine/training/run-folder';
import type { Run } from '@openledger/engine/training/runs';
import { hashFloats } from '@openledger/engine/training/stepper';
import { checkpointsAround, drawSteps, verifyStep } from '@openledger/engine/training/verify';
import { type StepRecord, stepsTree } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { CliError } from '../error.ts';

export type Check = { readonly name: string; readonly ok: boolean; readonly detail: string };

export type VerifyRunOptions = {
  readonly run: Run;
  /** How many steps are executed again. */
  readonly steps: number;
  /** Draw them; otherwise they are spread evenly. */
  readonly random: boolean;
  readonly threads?: number;
};

/** Executes steps of a run again, and compares its result with its log. */
export async function* verifyRun(options: VerifyRunOptions): AsyncGenerator<Check> {
  const { run, threads } = options;
  const { manifest, rows } = await readRunFolder(run.folder);
  const work = join(run.folder, RUN_FILES.work);
  const records = await readLog(stepLogPath(work));
  const base = await loadBase(run.base, quantizationOf(manifest));
  for (const step of chooseSteps(records.length, options)) {
    const { before: checkpoint, after } = await checkpointsAround(work, step);
    const record = records[step - 1];
    const native = manifest.runtime.profile === 'native' ? { after } : {};
    const found = await verifyStep({ base, manifest, rows, checkpoint, record, threads, ...native });
    const error = `loss off by ${found.lossError.toExponential(1)}${found.weightsError === undefined ? '' : `, weights by ${found.weightsError.toExponential(1)}`}`;
    const detail = found.sameBits ? 'the same bits' : found.ok ? `${error}: within tolerance` : error;
    yield { name: `step ${step}`, ok: found.ok, detail };
  }
  if (run.resultStep === undefined) return;
  const hash = hashFloats(await readResult(run.folder, base, manifest));
  yield {
    name: 'result',
    ok: hash === records[run.resultStep - 1].weightsHash,
    detail: `the weights after step ${run.resultStep}, ${hash.slice(0, 18)}…`,
  };
}

/** Disputes a claimed log against the run's own: finds the first step at which they part, and executes it again. */
export async function disputeLog(run: Run, path: string, threads?: number): Promise<Check> {
  const { manifest, rows } = await readRunFolder(run.folder);
  if (manifest.runtime.profile !== 'exact') {
    throw new CliError(
      'Native runs differ between kinds of CPU, so their logs cannot be disputed bit by bit.',
    );
  }
  const work = join(run.folder, RUN_FILES.work);
  const own = await readLog(stepLogPath(work));
  const claimed = await readLog(path);
  if (claimed.length !== own.length) {
    throw new CliError(`The claimed log has ${claimed.length} steps, this run ${own.length}.`);
  }
  const outcome = await bisect(new Bisection(plainRoot(stepsTree(claimed)), own), createClaimant(claimed));
  const rounds = `after ${outcome.rounds} of at most ${Bisection.limit(own.length)} rounds`;
  if (outcome.kind === 'agreed') return { name: 'claimed log', ok: true, detail: 'the same as this run’s' };
  if (outcome.kind === 'unproven')
    return { name: 'claimed log', ok: false, detail: `${outcome.reason}, ${rounds}` };
  const { before: checkpoint } = await checkpointsAround(work, outcome.step);
  const base = await loadBase(run.base, quantizationOf(manifest));
  const { ok } = await verifyStep({ base, manifest, rows, checkpoint, record: outcome.claimed, threads });
  return {
    name: 'claimed log',
    ok,
    detail: `the logs part at step ${outcome.step}, found ${rounds}; executed again, ${ok ? 'the claimed record is right and this run’s is wrong' : 'the claimed record is wrong'}`,
  };
}

function quantizationOf({ base }: TrainingManifest) {
  return base.quantization === 'q4' ? { quantization: base.quantization } : {};
}

function chooseSteps(count: number, { steps, random }: VerifyRunOptions): number[] {
  if (count === 0) throw new CliError('The run has no checkpoint yet, so there is nothing to verify.');
  const wanted = Math.min(steps, count);
  if (random) return drawSteps(count, wanted, randomInt(2 ** 32));
  return Array.from({ length: wanted }, (_, i) => Math.round(((i + 1) * count) / wanted));
}

async function readLog(path: string): Promise<StepRecord[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CliError(`There is no step log at ${path}.`, { cause });
  });
  return decodeStepLog(text);
}

/** The numbers that a run's result holds, in the order of its log's weights. */
async function readResult(
  folder: string,
  base: BaseModel,
  manifest: TrainingManifest,
): Promise<Float32Array> {
  const read = async (name: string) => new Uint8Array(await readFile(join(folder, RUN_FILES.result, name)));
  if (manifest.lora === undefined) {
    const { tensors } = await readSafetensors(join(folder, RUN_FILES.result, 'model.safetensors'));
    return fromCheckpoint(base.config, tensors);
  }
  const files = await Promise.all(ADAPTER_FILES.map(async (name) => [name, await read(name)] as const));
  return decodeAdapter(base.config, new Map(files)).weights;
}
