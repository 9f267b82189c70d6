import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createEmbeddedEngine } from '../src/cluster/embedded.ts';
import { createSubprocessEngine } from '../src/cluster/subprocess.ts';
import type { EngineEvent, TrainEngine, TrainEngineOptions } from '../src/cluster/train-engine.ts';
import { loadBase } from '../src/model/base.ts';
import { openRuntime } from '../src/runtime/runtime.ts';
import type { FineTuneSettings } from '../src/training/presets.ts';
import { writeRunFolder } from '../src/training/run-folder.ts';
import { tinyManifest, tinyRows } from './tiny-base.ts';
import { writeTinyBase } from './tiny-folder.ts';

/** Chromium brings an adapter that needs no graphics hardware. */
const CHROMIUM = '/usr/lib/chromium';
const SOFTWARE_ADAPTER = join(CHROMIUM, 'vk_swiftshader_icd.json');
const directory = mkdtempSync(join(tmpdir(), 'openledger-device-'));
const base = join(directory, 'base');
beforeAll(() => {
  vi.stubEnv('VK_DRIVER_FILES', SOFTWARE_ADAPTER);
  vi.stubEnv('LD_LIBRARY_PATH', CHROMIUM);
  writeTinyBase(base);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

async function eventsOf(
  engine: TrainEngine,
  options: TrainEngineOptions,
  changes: Partial<FineTuneSettings> = {},
) {
  const folder = mkdtempSync(join(directory, 'run-'));
  await writeRunFolder(folder, tinyManifest(await loadBase(base), 'native', changes), tinyRows);
  const events: EngineEvent[] = [];
  for await (const event of engine.train({ folder, base }, options)) events.push(event);
  return { events, card: readFileSync(join(folder, 'result/README.md'), 'utf8') };
}

describe.skipIf(!existsSync(SOFTWARE_ADAPTER))(
  'a run on WebGPU learns what it learns on the processor',
  () => {
    const cases: Record<string, Partial<FineTuneSettings>> = {
      'a LoRA adapter': {},
      'a LoRA adapter beside weights in four bits': { quantization: 'q4' },
      'the whole model': { mode: 'full', learningRate: { warmup: 2, peak: 0.002, floor: 0.1 } },
    };
    for (const [name, changes] of Object.entries(cases)) {
      it(name, { timeout: 60_000 }, async () => {
        const cpu = await eventsOf(createEmbeddedEngine(), {}, changes);
        // In a process of its own: the libraries of an adapter are found by the environment that a process starts with.
        const gpu = await eventsOf(createSubprocessEngine(), { device: 'webgpu' }, changes);
        const losses = ({ events }: typeof cpu) => events.flatMap((e) => (e.type === 'step' ? [e.loss] : []));
        expect(losses(gpu)).toHaveLength(8);
        losses(gpu).forEach((loss, i) => {
          expect(Math.abs(loss / losses(cpu)[i] - 1)).toBeLessThan(1e-4);
        });
        expect(losses(gpu)).not.toEqual(losses(cpu));
        expect(gpu.events[0]).toMatchObject({ machine: { class: expect.stringMatching(/^webgpu /) } });
        expect(gpu.card).toContain('(webgpu ');
      });
    }
  },
);

it('says what to do where a device is missing, or where there is no choice', async () => {
  await expect(openRuntime('exact', { device: 'webgpu' })).rejects.toThrow('Choose the native profile');
  await expect(eventsOf(createEmbeddedEngine(), { device: 'cuda' })).rejects.toThrow(
    /The device cuda cannot be used: .* Leave --device out/,
  );
});
