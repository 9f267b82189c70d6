import { join } from 'node:path';
import { type BaseModel, loadBase } from '../model/base.ts';
import { trainModel } from '../training/run.ts';
import { RUN_FILES, readRunFolder, writeRunResult } from '../training/run-folder.ts';
import type { TrainEngine } from './train-engine.ts';

type Load = (folder: string, options: { quantization?: 'q4' }) => Promise<BaseModel>;

/** Trains in this process. */
export function createEmbeddedEngine(load: Load = loadBase): TrainEngine {
  return {
    name: 'embedded',
    async *train(job, options = {}) {
      const { manifest, rows } = await readRunFolder(job.folder);
      const base = await load(job.base, {
        quantization: manifest.base.quantization === 'q4' ? 'q4' : undefined,
      });
      const checkpointDir = join(job.folder, RUN_FILES.work);
      for await (const event of trainModel({ base, manifest, rows, checkpointDir, ...options })) {
        if (event.type !== 'done') {
          yield event;
          continue;
        }
        await writeRunResult(job.folder, base, manifest, event);
        yield { type: 'end', step: event.step, steps: event.records.length };
      }
    },
  };
}
