import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Send } from '../../src/cluster/http.ts';

const exchangeSchema = z.object({
  method: z.string(),
  path: z.string(),
  body: z.string(),
  status: z.number(),
  answer: z.string(),
});
/** One request to Ray and its answer. */
export type Exchange = z.infer<typeof exchangeSchema>;

const transcriptSchema = z.object({
  /** The version of the Ray that was recorded. */
  ray: z.string(),
  scenarios: z.record(z.string(), z.array(exchangeSchema)),
});

export const transcript = transcriptSchema.parse(
  JSON.parse(readFileSync(new URL('./transcript.json', import.meta.url), 'utf8')),
);

/** Answers as the recorded Ray did, and insists on the recorded requests in their order. */
export function replay(name: string, runId: string): { send: Send; left(): number } {
  const exchanges = [...transcript.scenarios[name]];
  const plain = (text: string) =>
    text.replaceAll(runId.slice(2), '{run}').replaceAll(runId.slice(2, 26), '{short}');
  const real = (text: string) =>
    text.replaceAll('{run}', runId.slice(2)).replaceAll('{short}', runId.slice(2, 26));
  return {
    left: () => exchanges.length,
    send: async ({ method, url, body = '' }) => {
      const { status, answer, ...wanted } = exchanges.shift() ?? { status: 0, answer: '' };
      const request = { method, path: plain(new URL(url).pathname), body: plain(body) };
      if (JSON.stringify(request) === JSON.stringify(wanted)) return { status, text: real(answer) };
      throw new Error(`Asked ${JSON.stringify(request)}, but recorded was ${JSON.stringify(wanted)}.`);
    },
  };
}
