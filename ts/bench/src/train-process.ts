import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TrainAnswer, TrainRequest, TrainTask } from './train-task.ts';

const OURS = fileURLToPath(new URL('./train-ours.ts', import.meta.url));
const TORCH = fileURLToPath(new URL('../python/train_torch.py', import.meta.url));

/** A process that waits with a task set up, and works when it is asked to. */
export class TrainProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** Seconds from the task to the end of our first step. */
  readonly firstStep: number;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, firstStep: number) {
    this.#child = child;
    this.#lines = lines;
    this.firstStep = firstStep;
  }

  /** Starts our side, or torch's with the given Python, and waits until it is ready. */
  static async start(task: TrainTask, python?: string): Promise<TrainProcess> {
    const [program, script] = python === undefined ? [process.execPath, OURS] : [python, TORCH];
    const child = spawn(program, [script, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
    const { ready } = await read(lines, task);
    return new TrainProcess(child, lines, typeof ready === 'number' ? ready : Number.NaN);
  }

  /** Seconds that `steps` steps take. */
  async run(steps: number): Promise<number> {
    this.#send({ run: steps });
    return (await read(this.#lines)).seconds!;
  }

  /** Ends the process. Returns the most megabytes that it held. */
  async end(): Promise<number> {
    const gone = once(this.#child, 'exit');
    this.#send({ end: 1 });
    const { peak } = await read(this.#lines);
    this.#child.stdin!.end();
    await gone;
    return peak! / 2 ** 20;
  }

  #send(request: TrainRequest): void {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
  }
}

async function read(lines: AsyncIterator<string>, task?: TrainTask): Promise<TrainAnswer> {
  const { value, done } = await lines.next();
  if (done) throw new Error(`A process of the benchmark ended early${task ? ` (${task.kind})` : ''}.`);
  return JSON.parse(value) as TrainAnswer;
}

/** A Python that has torch, transformers and PEFT, if there is one. */
export function findPython(): string | undefined {
  const python = process.env.OPENLEDGER_PYTHON ?? 'python3';
  const probe = spawnSync(python, ['-c', 'import torch, transformers, peft'], { stdio: 'ignore' });
  return probe.status === 0 ? python : undefined;
}
