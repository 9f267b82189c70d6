import { z } from 'zod';
import { type Send, sendHttp } from './http.ts';

/** Where a job stands. The last three are its end. */
const statusSchema = z.enum(['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED']);
export type RayStatus = z.infer<typeof statusSchema>;

const jobSchema = z.object({
  submission_id: z.string().nullable(),
  status: statusSchema,
  message: z.string().nullish(),
  driver_exit_code: z.number().nullish(),
});
/** What is read of a job; Ray tells more. */
export type RayJob = z.infer<typeof jobSchema>;

export type RayClientOptions = {
  /** The dashboard of the cluster's head, such as `http://127.0.0.1:8265`. */
  readonly address: string;
  /** Sent with every request; an `authorization` where the cluster asks for one. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly send?: Send;
};

export type RaySubmission = {
  /** Run by a shell on the cluster. */
  readonly entrypoint: string;
  /** Chosen by the caller; Ray refuses one that it knows. */
  readonly submission_id: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly entrypoint_num_cpus?: number;
  readonly entrypoint_num_gpus?: number;
};

/** The part of the Ray Jobs REST API that hands a program over: submit, list, status, logs, stop. */
export type RayClient = {
  submit(job: RaySubmission): Promise<void>;
  list(): Promise<RayJob[]>;
  status(id: string): Promise<RayJob>;
  /** Everything that the job printed so far. */
  logs(id: string): Promise<string>;
  /** Asks the job to stop: SIGTERM, and SIGKILL some seconds later. */
  stop(id: string): Promise<void>;
};

export function createRayClient(options: RayClientOptions): RayClient {
  const { address, headers, send = sendHttp } = options;
  const call = async <T>(method: string, path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> => {
    const url = `${address.replace(/\/$/, '')}/api/jobs/${path}`;
    const { status, text } = await send({
      method,
      url,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    }).catch((cause: unknown) => {
      throw new Error(`The Ray cluster at ${address} does not answer. Is its dashboard running?`, { cause });
    });
    if (status !== 200) {
      throw new Error(`Ray answered ${status} to ${method} /api/jobs/${path}: ${lastLine(text)}`);
    }
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw new Error(
      `Ray's answer to ${method} /api/jobs/${path} is not understood: ${z.prettifyError(parsed.error)}`,
    );
  };
  const path = (id: string, rest = '') => `${encodeURIComponent(id)}${rest}`;
  return {
    async submit(job) {
      await call('POST', '', z.object({ submission_id: z.literal(job.submission_id) }), job);
    },
    list: () => call('GET', '', z.array(jobSchema)),
    status: (id) => call('GET', path(id), jobSchema),
    logs: async (id) => (await call('GET', path(id, '/logs'), z.object({ logs: z.string() }))).logs,
    async stop(id) {
      await call('POST', path(id, '/stop'), z.object({ stopped: z.boolean() }));
    },
  };
}

/** Whether a job has come to its end. */
export function hasEnded({ status }: Pick<RayJob, 'status'>): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED' || status === 'STOPPED';
}

/** Ray answers errors with a Python traceback, whose last line of words says what happened. */
function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => /\w/.test(line));
  return lines.at(-1)?.slice(0, 500) ?? '';
}
