import type { ThreadContext } from './context.ts';
import type { StepResult } from './results.ts';

/** One step of the thread. It checks what it claims, and throws when a check fails. */
export type Step = {
  name: string;
  title: string;
  /** Does what is not done yet and verifies the outcome. `earlier` holds the results of the steps before. */
  run: (context: ThreadContext, earlier: Record<string, StepResult>) => Promise<StepResult>;
};
