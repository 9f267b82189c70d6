import { hashStepRecord, type StepRecord, stepsTree } from '@openledger/sdk/protocol/training';
import { depthOf, hashPlainNode, type PlainTree, plainPad, plainRoot } from '@openledger/sdk/protocol/trees';
import type { Hex } from 'viem';

/**
 * A dispute about a log of step records, whose root is anchored, between a claimant who knows the log and a
 * challenger who executed the run again. Each round the claimant opens the node in hand into its two children and the
 * challenger goes into the first that differs from its own, so that everything before it is agreed on. After
 * ⌈log₂ T⌉ rounds one leaf is left, and one more round opens it: the first step at which the logs part, with the
 * same state before it. Executing that one step again decides (`verifyStep`).
 */
export type BisectionQuestion =
  | { readonly kind: 'children'; readonly level: number; readonly position: number }
  | { readonly kind: 'record'; readonly step: number };

export type BisectionAnswer =
  | { readonly kind: 'children'; readonly left: Hex; readonly right: Hex }
  | { readonly kind: 'record'; readonly record: StepRecord };

export type BisectionOutcome =
  /** The anchored root is that of the challenger's own log. */
  | { readonly kind: 'agreed'; readonly rounds: number }
  /** The first step at which the logs part. */
  | {
      readonly kind: 'found';
      readonly rounds: number;
      readonly step: number;
      readonly claimed: StepRecord;
      readonly own: StepRecord;
    }
  /** The claimant cannot open its own root: it has lost. */
  | { readonly kind: 'unproven'; readonly rounds: number; readonly reason: string };

/** The challenger's side: asks, checks each answer against the anchored root, and ends with an outcome. */
export class Bisection {
  readonly #own: readonly StepRecord[];
  readonly #tree: PlainTree;
  /** Hash of the claimant's node in hand, to be opened next. */
  #claimed: Hex;
  #level: number;
  #position = 0;
  #rounds = 0;
  #outcome: BisectionOutcome | undefined;

  /** `root`: of the claimed log over steps 1 … `own.length`, as it was anchored. */
  constructor(root: Hex, own: readonly StepRecord[]) {
    if (own.length === 0) throw new Error('A dispute needs at least one step.');
    this.#own = own;
    this.#tree = stepsTree(own);
    this.#claimed = root;
    this.#level = depthOf(own.length);
    if (root === plainRoot(this.#tree)) this.#outcome = { kind: 'agreed', rounds: 0 };
  }

  /** The most rounds that a dispute over `steps` steps takes. */
  static limit(steps: number): number {
    return depthOf(steps) + 1;
  }

  /** Set once the dispute is over. */
  get outcome(): BisectionOutcome | undefined {
    return this.#outcome;
  }

  /** What the claimant has to open next. */
  question(): BisectionQuestion {
    if (this.#outcome !== undefined) throw new Error('The dispute is over.');
    return this.#level === 0
      ? { kind: 'record', step: this.#position + 1 }
      : { kind: 'children', level: this.#level, position: this.#position };
  }

  /** Takes the claimant's answer. A wrong one ends the dispute, against the claimant. */
  answer(answer: BisectionAnswer): void {
    const question = this.question();
    this.#rounds += 1;
    if (question.kind === 'children' && answer.kind === 'children') this.#descend(answer.left, answer.right);
    else if (question.kind === 'record' && answer.kind === 'record') this.#open(answer.record);
    else this.#fail(`asked for ${question.kind}, got ${answer.kind}`);
  }

  #descend(left: Hex, right: Hex): void {
    if (hashPlainNode(left, right) !== this.#claimed) {
      this.#fail(`the children at level ${this.#level} do not hash to their parent`);
      return;
    }
    this.#level -= 1;
    const first = this.#position * 2;
    const goesRight = left === this.#ownNode(first);
    this.#claimed = goesRight ? right : left;
    this.#position = goesRight ? first + 1 : first;
    if (this.#position * 2 ** this.#level >= this.#own.length) {
      this.#fail(`the log goes on after the last step, ${this.#own.length}`);
    }
  }

  #open(record: StepRecord): void {
    const step = this.#position + 1;
    if (hashStepRecord(record) !== this.#claimed) this.#fail(`the record of step ${step} is not in the log`);
    else if (record.step !== step) this.#fail(`the record in place of step ${step} says ${record.step}`);
    else {
      const own = this.#own[this.#position];
      this.#outcome = { kind: 'found', rounds: this.#rounds, step, claimed: record, own };
    }
  }

  #ownNode(position: number): Hex {
    return this.#tree.levels[this.#level].get(position) ?? plainPad(this.#level);
  }

  #fail(reason: string): void {
    this.#outcome = { kind: 'unproven', rounds: this.#rounds, reason };
  }
}

/** The claimant's side: answers from the log that it anchored. */
export function createClaimant(
  records: readonly StepRecord[],
): (question: BisectionQuestion) => BisectionAnswer {
  const tree = stepsTree(records);
  return (question) => {
    if (question.kind === 'record') {
      const record = records[question.step - 1];
      if (record === undefined) throw new Error(`The log has no step ${question.step}.`);
      return { kind: 'record', record };
    }
    const below = question.level - 1;
    const child = (position: number) => tree.levels[below].get(position) ?? plainPad(below);
    return { kind: 'children', left: child(question.position * 2), right: child(question.position * 2 + 1) };
  };
}

/** Carries a dispute to its end. */
export async function bisect(
  bisection: Bisection,
  claimant: (question: BisectionQuestion) => BisectionAnswer | Promise<BisectionAnswer>,
): Promise<BisectionOutcome> {
  while (bisection.outcome === undefined) bisection.answer(await claimant(bisection.question()));
  return bisection.outcome;
}
