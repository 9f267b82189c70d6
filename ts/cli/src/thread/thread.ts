import { askStep } from './ask.ts';
import { attributeStep } from './attribute.ts';
import type { ThreadContext } from './context.ts';
import { contributeStep } from './contribute.ts';
import { governStep } from './govern.ts';
import { liarStep } from './liar.ts';
import { loadResults, type StepResult, saveResults, type ThreadResults } from './results.ts';
import { settleStep } from './settle.ts';
import type { Step } from './step.ts';
import { trainStep } from './train.ts';

/** From a contributor's file to a contributor's money, and back to the voters. */
export const STEPS: Step[] = [
  contributeStep,
  trainStep,
  askStep,
  attributeStep,
  settleStep,
  liarStep,
  governStep,
];

/** Runs a step unless this deployment has its result already. */
export async function runStep(
  context: ThreadContext,
  step: Step,
  results: ThreadResults,
): Promise<{ fresh: boolean; seconds: number; result: StepResult }> {
  const known = results.steps[step.name];
  if (known !== undefined) return { fresh: false, ...known };
  const earlier = Object.fromEntries(
    Object.entries(results.steps).map(([name, { result }]) => [name, result]),
  );
  const started = Date.now();
  const result = await step.run(context, earlier);
  const seconds = (Date.now() - started) / 1000;
  results.steps[step.name] = { seconds, result };
  saveResults(context.config.home, results);
  return { fresh: true, seconds, result };
}

/** The results on the deployment that the context is connected to. */
export async function resultsOf(context: ThreadContext): Promise<ThreadResults> {
  const first = await context.chain.getBlock({ blockNumber: BigInt(context.book.startBlock) });
  return loadResults(context.config.home, `${context.book.contracts.AttributionSettlement}@${first.hash}`);
}
