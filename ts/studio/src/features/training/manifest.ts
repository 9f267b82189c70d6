import { z } from 'zod';
import { hex } from '../../lib/schemas.ts';

const manifest = z.object({
  data: z.object({ rowCount: z.number() }),
  lora: z.object({ rank: z.number(), alpha: z.number(), seed: z.number() }),
  optimizer: z.object({ name: z.string() }),
  batches: z.object({ batch: z.number(), accumulation: z.number(), seed: z.number() }),
  steps: z.number(),
  learningRates: hex,
  runtime: z.object({ profile: z.string(), package: z.string() }),
});

/** The settings that a run really has, for people. They are read from its manifest, which decides its bits. */
export function describeManifest(bytes: Uint8Array): { label: string; value: string }[] {
  const { data, lora, optimizer, batches, steps, learningRates, runtime } = manifest.parse(
    JSON.parse(new TextDecoder().decode(bytes)),
  );
  const epochs = (steps * batches.batch * batches.accumulation) / data.rowCount;
  return [
    { label: 'rank', value: `${lora.rank}, alpha ${lora.alpha}` },
    { label: 'batch', value: String(batches.batch) },
    { label: 'epochs', value: String(Math.round(epochs)) },
    { label: 'learning rate', value: `up to ${peak(learningRates)}` },
    { label: 'optimizer', value: optimizer.name },
    { label: 'seeds', value: `${lora.seed}, ${batches.seed}` },
    { label: 'arithmetic', value: `${runtime.profile}, ${runtime.package}` },
  ];
}

/** The largest of the run's learning rates: one float32 per step, big-endian. */
function peak(learningRates: string): string {
  const digits = learningRates.slice(2);
  const view = new DataView(new ArrayBuffer(4));
  let largest = 0;
  for (let at = 0; at + 8 <= digits.length; at += 8) {
    view.setUint32(0, Number.parseInt(digits.slice(at, at + 8), 16));
    largest = Math.max(largest, view.getFloat32(0));
  }
  return Number(largest.toPrecision(3)).toString();
}
