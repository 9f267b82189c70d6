import { z } from '@hono/zod-openapi';
import { MEMORISE } from '@openledger/engine/training/presets';
import { type CreateJobBody, type Hyperparameters, type Job, type JobEvent, job, jobEvent } from './job.ts';

const natural = z.number().int().min(0);

/** OpenAI's names for what a job is asked for, in ours. */
export function fromOpenAi(body: CreateJobBody): CreateJobBody {
  const named = (body.training_file ?? '').split(',').filter((name) => name !== '');
  const ids = (kind: string) =>
    named.filter((name) => name.startsWith(`${kind}-`)).map((name) => Number(name.slice(kind.length + 1)));
  const chosen = body.method?.supervised?.hyperparameters ?? body.hyperparameters ?? {};
  return {
    ...body,
    name: body.name ?? body.suffix ?? undefined,
    datanets: [...new Set([...body.datanets, ...ids('datanet')])],
    contributions: [...new Set([...body.contributions, ...ids('contribution')])],
    settings: { ...settingsOf(chosen), ...(body.seed != null && { seed: body.seed }), ...body.settings },
  };
}

function settingsOf({ n_epochs, batch_size, learning_rate_multiplier: times }: Hyperparameters) {
  return {
    ...(typeof n_epochs === 'number' && { epochs: n_epochs }),
    ...(typeof batch_size === 'number' && { batch: batch_size }),
    ...(typeof times === 'number' && { learningRate: times * MEMORISE.learningRate.peak }),
  };
}

const autoOr = z.union([z.literal('auto'), z.number()]);

/** A job as it is answered: ours, with the fields that OpenAI's clients read. */
export const jobView = job
  .extend({
    /** The adapter's name once it is trained. It can be asked when its builder has published it. */
    fine_tuned_model: z.string().nullable(),
    hyperparameters: z.object({ n_epochs: autoOr, batch_size: autoOr, learning_rate_multiplier: autoOr }),
    organization_id: z.string(),
    result_files: z.array(z.string()),
    seed: natural,
    trained_tokens: z.null(),
    training_file: z.string(),
    validation_file: z.null(),
    error: z.object({ message: z.string(), code: z.string(), param: z.null() }).nullable(),
  })
  .openapi('FineTuningJob');

/** See {@link jobView}. */
export function viewJob(one: Job): z.infer<typeof jobView> {
  const { settings, result, error } = one;
  return {
    ...one,
    fine_tuned_model: result === null ? null : one.name,
    hyperparameters: {
      n_epochs: settings.epochs ?? 'auto',
      batch_size: settings.batch ?? 'auto',
      learning_rate_multiplier:
        settings.learningRate === undefined ? 'auto' : settings.learningRate / MEMORISE.learningRate.peak,
    },
    organization_id: 'openledger',
    result_files: result === null ? [] : [`store:${result.adapterHash}`, `store:${result.modelCard}`],
    seed: settings.seed ?? MEMORISE.lora.seed,
    trained_tokens: null,
    training_file: one.contributions.map((id) => `contribution-${id}`).join(','),
    validation_file: null,
    error: error === null ? null : { ...error, code: 'training_failed', param: null },
  };
}

/** An event as it is answered. `type` and `data` are ours; `level` and `message` are for OpenAI's clients. */
export const eventView = jobEvent
  .extend({
    object: z.literal('fine_tuning.job.event'),
    level: z.enum(['info', 'error']),
    message: z.string(),
  })
  .openapi('FineTuningJobEvent');

/** See {@link eventView}. */
export function viewEvent(event: JobEvent): z.infer<typeof eventView> {
  return {
    ...event,
    object: 'fine_tuning.job.event',
    level: event.type === 'error' ? 'error' : 'info',
    message: messageOf(event),
  };
}

function messageOf({ type, data }: JobEvent): string {
  switch (type) {
    case 'status':
      return `The job is ${data.status}.`;
    case 'step':
      return `Step ${data.step}: training loss=${data.loss}`;
    case 'evaluation':
      return `Step ${data.step}: validation loss=${data.loss}`;
    case 'checkpoint':
      return `Checkpoint at step ${data.step}.`;
    case 'result':
      return 'The adapter is trained and attributed.';
    case 'error':
      return String(data.message);
  }
}

/** A checkpoint as OpenAI lists them, with what is anchored of it. */
export const checkpointView = z
  .object({
    object: z.literal('fine_tuning.job.checkpoint'),
    id: z.string(),
    fine_tuning_job_id: z.string(),
    fine_tuned_model_checkpoint: z.string(),
    created_at: natural,
    step_number: natural,
    metrics: z.object({
      step: natural,
      train_loss: z.number().optional(),
      valid_loss: z.number().optional(),
    }),
    stepsRoot: z.string(),
    checkpointHash: z.string(),
  })
  .openapi('FineTuningCheckpoint');

/** The checkpoints of a job, newest first. */
export function checkpointsOf(one: Job, events: readonly JobEvent[]): z.infer<typeof checkpointView>[] {
  const lossAt = (type: JobEvent['type'], step: unknown) => {
    const loss = events.find((event) => event.type === type && event.data.step === step)?.data.loss;
    return typeof loss === 'number' ? loss : undefined;
  };
  return events
    .filter(({ type }) => type === 'checkpoint')
    .map(({ created_at, data }) => ({
      object: 'fine_tuning.job.checkpoint' as const,
      id: `${one.id}-step-${data.step}`,
      fine_tuning_job_id: one.id,
      fine_tuned_model_checkpoint: `${one.name}:step-${data.step}`,
      created_at,
      step_number: Number(data.step),
      metrics: {
        step: Number(data.step),
        train_loss: lossAt('step', data.step),
        valid_loss: lossAt('evaluation', data.step),
      },
      stepsRoot: String(data.stepsRoot),
      checkpointHash: String(data.checkpointHash),
    }))
    .toReversed();
}
