import {
  type DefaultRenderer,
  Listr,
  type ListrTask,
  type ListrTaskWrapper,
  type SimpleRenderer,
} from 'listr2';
import type { DevnetConfig } from '../devnet/config.ts';
import { compile, deploy } from '../devnet/contracts.ts';
import {
  buildStudio,
  chainService,
  indexerService,
  isDeployed,
  nodeService,
  operatorToken,
  studioService,
  watcherService,
} from '../devnet/devnet.ts';
import { ensureService, type Service } from '../devnet/service.ts';
import { CliError } from '../error.ts';
import { openContext, type ThreadContext } from '../thread/context.ts';
import type { ThreadResults } from '../thread/results.ts';
import { closingLines, summary } from '../thread/summary.ts';
import { resultsOf, runStep, STEPS } from '../thread/thread.ts';

export type UpOptions = {
  /** Print the summary of every step. */
  verify: boolean;
  json?: boolean;
  /** Run the thread; default true. */
  thread?: boolean;
  /** Stop after this step of the thread. */
  until?: string;
};

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

/** Starts what does not run yet and does what of the thread is not done yet. */
export async function up(config: DevnetConfig, options: UpOptions): Promise<void> {
  const seconds: Record<string, number> = {};
  const state: { context?: ThreadContext; results?: ThreadResults } = {};
  const started = Number(process.env.OPENLEDGER_STARTED_AT ?? Date.now());
  seconds.install = (Date.now() - started) / 1000;

  const timed = (
    name: string,
    title: string,
    work: (task: Task) => Promise<string | undefined>,
  ): ListrTask => ({
    title,
    task: async (_, task) => {
      const from = Date.now();
      const note = await work(task);
      seconds[name] = (Date.now() - from) / 1000;
      task.title = `${title}${note === undefined ? '' : ` — ${note}`}`;
    },
    rendererOptions: { persistentOutput: false },
  });
  const service = (title: string, make: () => Promise<Service> | Service) =>
    timed(title, title, async () => ensureService(config.home, await make()));

  const until = options.until;
  if (until !== undefined && !STEPS.some(({ name }) => name === until))
    throw new CliError(`There is no step "${until}". Steps: ${STEPS.map(({ name }) => name).join(', ')}.`);
  const steps =
    options.thread === false
      ? []
      : until === undefined
        ? STEPS
        : STEPS.slice(0, STEPS.findIndex(({ name }) => name === until) + 1);

  const tasks = new Listr(
    [
      service('chain', () => chainService(config)),
      timed('deploy', 'contracts', async (task) => {
        if (await isDeployed(config)) return 'deployed';
        task.output = 'compiling';
        const from = Date.now();
        await compile(config);
        seconds.compile = (Date.now() - from) / 1000;
        task.output = 'deploying';
        await deploy(config);
        return 'compiled and deployed';
      }),
      {
        title: 'programs',
        task: (_, task) =>
          task.newListr(
            [
              service('node', () => nodeService(config)),
              service('watcher', () => watcherService(config)),
              service('indexer', () => indexerService(config)),
              service('studio', async () => {
                await buildStudio(config);
                return studioService(config);
              }),
            ],
            { concurrent: true },
          ),
      },
      {
        title: 'the thread',
        enabled: steps.length > 0,
        task: async (_, task) => {
          const say = quietly(task as Task);
          const context = await openContext(config, operatorToken(config), (line) => say.say(line));
          const results = await resultsOf(context);
          state.context = context;
          state.results = results;
          return task.newListr(
            steps.map((step) =>
              timed(step.name, step.title, async (inner) => {
                say.to(inner);
                const { fresh, seconds: took } = await runStep(context, step, results);
                return fresh ? `${took.toFixed(1)} s` : 'done before';
              }),
            ),
          );
        },
      },
    ],
    { fallbackRenderer: 'simple', silentRendererCondition: options.json, collectErrors: false },
  );
  await tasks.run();

  if (options.json)
    console.log(JSON.stringify({ ok: true, seconds, steps: state.results?.steps ?? {}, urls: config.urls }));
  else {
    if (options.verify && state.results) console.log(summary(state.results, seconds));
    console.log(closingLines(config));
  }
}

/** Sends a line to the task in hand; where there is no terminal, one line in five seconds is enough. */
function quietly(first: Task) {
  let task = first;
  let last = 0;
  return {
    to(next: Task) {
      task = next;
      last = 0;
    },
    say(line: string) {
      if (!process.stdout.isTTY && Date.now() - last < 5000) return;
      last = Date.now();
      task.output = line;
    },
  };
}
