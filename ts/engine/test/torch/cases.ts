import { fileURLToPath } from 'node:url';
import { createSubprocessEngine } from '../../src/cluster/subprocess.ts';
import type { TrainEngine } from '../../src/cluster/train-engine.ts';
import { loadBase } from '../../src/model/base.ts';
import type { TrainingManifest } from '../../src/training/manifest.ts';
import type { FineTuneSettings } from '../../src/training/presets.ts';
import { type Row, splitRows } from '../../src/training/rows.ts';
import { TINY_TEXT, tinyManifest } from '../tiny-base.ts';

/** Two datanets whose rows weigh 1 and 3; questions without an answer that fits, and letters beyond ASCII. */
const more = [
  'Qui sonne la cloche ?\nLe gardien, à midi — et « jamais » la nuit.',
  '灯台はどこ?\n川のそば。',
  'A question that is as long as a question can be, and longer than any row that is allowed here, by far?\nNo.',
  'What burns?\nWhale oil, kelp, driftwood, tar, peat, pine cones, and in the hardest of winters the old chairs of the keeper.',
  'Who?\nNobody.',
  'Where does the river bend?\nBehind the mill.',
].join('\n\n');
export const torchRows: readonly Row[] = [...splitRows(4, TINY_TEXT), ...splitRows(9, more)];

const whole = { mode: 'full', learningRate: { warmup: 2, peak: 0.002, floor: 0.1 } } as const;

/** Runs of the tiny model that use everything that a manifest can ask for, by name. */
export const torchCases: Readonly<Record<string, Partial<FineTuneSettings>>> = {
  lora: { evaluation: { share: 0.3, seed: 2, every: 4, keep: 'best' } },
  'lora-packed': {
    batches: { batch: 2, accumulation: 1, lengths: [40, 64], seed: 3, packing: 'documents' },
    lora: {
      rank: 3,
      alpha: 4,
      rankStabilised: true,
      initScale: 0.5,
      seed: 8,
      targets: ['q_proj', 'down_proj'],
    },
    learningRate: { shape: 'linear', warmup: 1, peak: 0.02, floor: 0 },
  },
  qlora: {
    quantization: 'q4',
    format: 'text',
    batches: { batch: 2, accumulation: 2, lengths: [24], seed: 5 },
  },
  full: { ...whole, batches: { batch: 2, accumulation: 2, lengths: [32, 64], seed: 5, packing: 'simple' } },
};

/** What the torch program made of the cases; see record.ts. */
export const GOLDEN = fileURLToPath(new URL('../../golden/torch', import.meta.url));

/** The program's path, for a Python that has its requirements. */
export const TORCH_PROGRAM = fileURLToPath(new URL('../../torch/train.py', import.meta.url));

/** The program that checks runs. */
export const TORCH_CHECK = fileURLToPath(new URL('../../torch/verify.py', import.meta.url));

/** The torch program in the Python that `OPENLEDGER_PYTHON` names; undefined without one. */
export function torchEngine(...flags: readonly string[]): TrainEngine | undefined {
  const python = process.env.OPENLEDGER_PYTHON;
  return python === undefined ? undefined : createSubprocessEngine([python, TORCH_PROGRAM, ...flags]);
}

export async function caseManifest(base: string, name: string): Promise<TrainingManifest> {
  const manifest = tinyManifest(await loadBase(base), 'native', torchCases[name], torchRows);
  const [first, second] = manifest.data.contributions;
  return { ...manifest, data: { ...manifest.data, contributions: [first, { ...second, weight: 3 }] } };
}
