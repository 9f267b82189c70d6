import type { EngineEvent } from '@openledger/engine/cluster/train-engine';
import type { Run } from '@openledger/engine/training/runs';
import { bar } from '../thread/bar.ts';
import type { NodeJob } from './node-jobs.ts';

/** Anything that a run tells, local or at a node. */
export type PrintedEvent = { readonly type: string } & Record<string, unknown>;

/** Writes lines: on a terminal a step replaces the one before, elsewhere one step in five seconds is enough. */
export type Printer = {
  event(event: PrintedEvent): void;
  /** Ends the line that a step left open. */
  end(): void;
};

/** Prints events for people, or one JSON line each. */
export function createPrinter(totalSteps: number, json: boolean): Printer {
  const { stdout } = process;
  let open = false;
  let last = 0;
  const line = (text: string) => {
    if (open) stdout.write('\n');
    open = false;
    stdout.write(`${text}\n`);
  };
  return {
    event(event) {
      if (json) return void stdout.write(`${JSON.stringify(event)}\n`);
      const text = describeEvent(event, totalSteps);
      if (text === undefined) return;
      if (event.type !== 'step') return line(text);
      if (stdout.isTTY) {
        stdout.write(`\r${text.padEnd(stdout.columns - 1).slice(0, stdout.columns - 1)}`);
        open = true;
      } else if (Date.now() - last >= 5_000 || event.step === totalSteps) {
        last = Date.now();
        line(text);
      }
    },
    end() {
      if (open) stdout.write('\n');
      open = false;
    },
  };
}

/** One line about an event; undefined for those that say nothing new to a person. */
export function describeEvent(event: PrintedEvent, totalSteps: number): string | undefined {
  const told = event as EngineEvent;
  switch (told.type) {
    case 'start': {
      const { trainRows, validationRows, shortened, unread } = told.data;
      const kept = validationRows === 0 ? '' : `, ${validationRows} kept for measuring`;
      const cut =
        shortened === 0 ? '' : `, ${shortened} too long and cut, ${unread} of them before their answer`;
      const from = told.fromStep === 0 ? 'starts' : `goes on after step ${told.fromStep}`;
      return `${from} on ${told.machine.model}: ${trainRows} rows to train on${kept}${cut}`;
    }
    case 'step':
      return `${bar(told.step / totalSteps)} step ${told.step}/${totalSteps}  loss ${told.loss.toFixed(3)}  ${told.tokensPerSecond.toFixed(0)} tokens/s  ${formatSeconds(told.etaSeconds)} left`;
    case 'evaluation': {
      const each = told.datanets.map(({ datanet, perplexity }) => `${datanet}: ${perplexity.toFixed(2)}`);
      return `perplexity ${told.perplexity.toFixed(2)} after step ${told.step} (by datanet ${each.join(', ')})`;
    }
    case 'end':
      return `ended after ${told.steps} steps; the result is that of step ${told.step}`;
    default:
      return typeof event.status === 'string' ? `is ${event.status}` : undefined;
  }
}

/** A run as one line of a list. */
export function describeRun(run: Run, step: number, loss: number | undefined): string {
  const share = `${step}/${run.steps}`.padStart(11);
  const told = loss === undefined ? '' : `  loss ${loss.toFixed(3)}`;
  return `${run.id.slice(2, 14)}  ${run.status.padEnd(11)} ${share}${told.padEnd(13)}  ${run.profile.padEnd(6)}  ${run.name}`;
}

/** A node's job as one line of a list. */
export function describeNodeJob(job: NodeJob): string {
  const share = `${job.step}/${job.totalSteps}`.padStart(11);
  const told = job.loss === null ? '' : `  loss ${job.loss.toFixed(3)}`;
  return `${job.id}  ${job.status.padEnd(11)} ${share}${told.padEnd(13)}  ${job.name}`;
}

function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(0)} s`;
  return seconds < 5_400 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
