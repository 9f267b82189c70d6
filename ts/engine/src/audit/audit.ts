import { type Member, type MemberBatch, Retrainer } from '../calibration/retrain.ts';
import type { BaseModel } from '../model/base.ts';
import { copyOptimizerState, type OptimizerState } from '../training/adamw.ts';
import type { TrainingManifest } from '../training/manifest.ts';
import type { Row, Sample } from '../training/rows.ts';
import { type Adjoint, adamwAdjoint, createAdjoint } from './adamw-adjoint.ts';
import { Hessian, type HessianRow } from './hessian.ts';

export type AuditOptions = {
  readonly base: BaseModel;
  readonly manifest: TrainingManifest;
  /** All rows of the manifest, in its order. */
  readonly rows: readonly Row[];
  /** Threads per operator; does not change the result. */
  readonly threads?: number;
  /**
   * Bytes for the gradients of the run's steps, four per parameter and step; does not change the result. A step whose
   * gradient has no room is computed once more on the way back. Default 512 MiB.
   */
  readonly gradientBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
};

export type AuditResult = {
  /** Per answer and row: −dℓ/dw, how much the answer's loss falls per unit of the row's weight. Positive helps. */
  readonly scores: readonly Float64Array[];
  /** The parameters at the end of the run, which the answers are measured under. */
  readonly parameters: Float32Array;
};

const GRADIENT_BYTES = 2 ** 29;

/** A step as the way back needs it. */
type Moment = { readonly before: OptimizerState; readonly gradient: Float32Array };

/**
 * How every row of a run changed some answers, exactly: the answers' losses are differentiated by the rows' weights
 * through the whole training run (MAGIC, Ilyas and Engstrom 2025: metagradients of a deterministic run).
 *
 * The run is repeated once, keeping the state at every ⌈√T⌉-th step and every step's gradient; then it is walked
 * backwards, the states of each stretch made again from the kept one and the gradients, which is cheap. So memory holds
 * 2√T states and T gradients, and the cost is one run and one pass of second derivatives (about two runs), which all
 * answers share but for their own Hessian products. Where the gradients need more than `gradientBytes`, those of the
 * first steps are computed twice.
 */
export async function auditRun(options: AuditOptions, answers: readonly Sample[]): Promise<AuditResult> {
  const { base, manifest, rows, threads, gradientBytes = GRADIENT_BYTES, signal, onProgress } = options;
  const { steps } = manifest;
  const retrainer = await Retrainer.open(base, manifest, rows, { threads });
  const hessian = await Hessian.open(base, manifest, threads);
  try {
    const stride = Math.ceil(Math.sqrt(steps));
    const kept: OptimizerState[] = [];
    const state = retrainer.start();
    const room = Math.floor(gradientBytes / state.parameters.byteLength);
    const gradients = new Map<number, Float32Array>();
    for (let step = 1; step <= steps; step += 1) {
      signal?.throwIfAborted();
      if ((step - 1) % stride === 0) kept.push(copyOptimizerState(state));
      const gradient = await retrainer.advance(state, step);
      if (step > steps - room) gradients.set(step, gradient);
      onProgress?.(step, 3 * steps);
    }
    const adjoints: Adjoint[] = [];
    for (const answer of answers) {
      adjoints.push(createAdjoint(await retrainer.lossGradient(state.parameters, answer)));
    }
    const scores = answers.map(() => new Float64Array(rows.length));
    for (let block = kept.length - 1; block >= 0; block -= 1) {
      const first = block * stride + 1;
      const last = Math.min(steps, first + stride - 1);
      const moments = await replay(retrainer, kept[block], gradients, first, last);
      for (let step = last; step >= first; step -= 1) {
        signal?.throwIfAborted();
        await stepBack(retrainer, hessian, adjoints, scores, moments[step - first], step);
        onProgress?.(steps + 2 * (steps - step + 1), 3 * steps);
      }
    }
    return { scores, parameters: state.parameters };
  } finally {
    await retrainer.close();
    await hessian.close();
  }
}

/** The steps of a stretch again, from the state before it; without `gradients`, theirs are computed anew. */
async function replay(
  retrainer: Retrainer,
  from: OptimizerState,
  gradients: Map<number, Float32Array>,
  first: number,
  last: number,
): Promise<Moment[]> {
  const moments: Moment[] = [];
  const state = copyOptimizerState(from);
  for (let step = first; step <= last; step += 1) {
    const before = copyOptimizerState(state);
    const known = gradients.get(step);
    if (known !== undefined) retrainer.update(state, known, step);
    moments.push({ before, gradient: known ?? (await retrainer.advance(state, step)) });
    gradients.delete(step);
  }
  return moments;
}

/** Takes the adjoints of all answers back over one step, and adds what its rows did to `scores`. */
async function stepBack(
  retrainer: Retrainer,
  hessian: Hessian,
  adjoints: readonly Adjoint[],
  scores: readonly Float64Array[],
  { before, gradient }: Moment,
  step: number,
): Promise<void> {
  const { optimizer } = retrainer.manifest;
  const factors = retrainer.factorsOf(step);
  const directions = adjoints.map((adjoint) => adamwAdjoint(adjoint, before, gradient, optimizer, factors));
  const members = retrainer.batches(step).flatMap(rowsOf);
  const total = members.reduce((sum, { weight, counted }) => sum + weight * counted, 0);
  const results = await hessian.products(
    members.map(({ row }) => row),
    before.parameters,
    directions,
  );
  results.forEach(({ product, slopes }, k) => {
    const { parameters } = adjoints[k];
    for (let i = 0; i < parameters.length; i += 1) parameters[i] += product[i];
    // φ = ⟨gradient, direction⟩; every token's weight is its row's over `total`, which grows with the row's too.
    const phi = directions[k].reduce((sum, u, i) => sum + u * gradient[i], 0);
    members.forEach(({ index, weight, counted }, row) => {
      scores[k][index] -= (weight / total) * (slopes[row] - counted * phi);
    });
  });
}

/** The rows of a batch without their padding. */
export function rowsOf({ batch, members }: MemberBatch): (Member & { row: HessianRow })[] {
  const { length, ids, labels, weights, documents } = batch;
  return members.map((member, index) => {
    const start = index * length;
    const padding = documents.subarray(start, start + length).indexOf(0);
    const end = padding < 0 ? start + length : start + padding;
    const row = {
      ids: ids.subarray(start, end),
      labels: labels.subarray(start, end),
      weights: weights.subarray(start, end),
    };
    return { ...member, row };
  });
}
