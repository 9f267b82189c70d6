import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lossFromBits, type StepRecord } from '@openledger/sdk/protocol/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTER_FILES, decodeAdapter, encodeAdapter } from '../../src/adapter/peft.ts';
import { parseEngineLine } from '../../src/cluster/train-engine.ts';
import { parseLlamaConfig } from '../../src/llama/config.ts';
import { fromCheckpoint } from '../../src/llama/parameters.ts';
import { type BaseModel, loadBase } from '../../src/model/base.ts';
import { decodeSafetensors } from '../../src/safetensors/safetensors.ts';
import {
  decodeCheckpoint,
  decodeStepLog,
  encodeCheckpoint,
  listCheckpoints,
} from '../../src/training/checkpoint.ts';
import { createDataset } from '../../src/training/dataset.ts';
import { runIdOf, type TrainingManifest } from '../../src/training/manifest.ts';
import { readRunFolder } from '../../src/training/run-folder.ts';
import { hashFloats, Stepper } from '../../src/training/stepper.ts';
import { checkpointsAround, NATIVE_TOLERANCE, verifyStep } from '../../src/training/verify.ts';
import { relativeError } from '../golden.ts';
import { writeTinyBase } from '../tiny-folder.ts';
import { caseManifest, GOLDEN, torchCases, torchRows } from './cases.ts';

const directory = mkdtempSync(join(tmpdir(), 'openledger-torch-'));
afterAll(() => rmSync(directory, { recursive: true }));
let base: BaseModel;
beforeAll(async () => {
  writeTinyBase(join(directory, 'base'));
  base = await loadBase(join(directory, 'base'));
});

const file = (name: string, path: string) => new Uint8Array(readFileSync(join(GOLDEN, name, path)));
const text = (name: string, path: string) => readFileSync(join(GOLDEN, name, path), 'utf8');
const recordsOf = (name: string): StepRecord[] => decodeStepLog(text(name, 'run/steps.jsonl'));

/** The numbers of a result that the torch program wrote. */
function weightsOf(name: string, manifest: TrainingManifest): Float32Array {
  if (manifest.lora === undefined)
    return fromCheckpoint(base.config, decodeSafetensors(file(name, 'result/model.safetensors')).tensors);
  return adapterOf(name).weights;
}
const adapterFiles = (name: string) =>
  new Map(ADAPTER_FILES.map((path) => [path, file(name, `result/${path}`)]));
const adapterOf = (name: string) => decodeAdapter(base.config, adapterFiles(name));

describe.each(Object.keys(torchCases))('what the torch program made of the case %s', (name) => {
  it('is the run that the engine writes down: the same manifest, rows and data', async () => {
    const { manifest, rows } = await readRunFolder(join(GOLDEN, name));
    expect(manifest).toEqual(await caseManifest(join(directory, 'base'), name));
    expect(rows).toEqual(torchRows);
    const lines = text(name, 'stdout.jsonl').trim().split('\n');
    const events = lines.map(parseEngineLine);
    expect(events).not.toContain(undefined);
    expect(events[0]).toMatchObject({
      type: 'start',
      runId: runIdOf(manifest),
      data: createDataset(manifest, base.tokenizer, rows).report,
      machine: { class: expect.stringMatching(/^torch-/) },
    });
    expect(events.at(-1)).toMatchObject({ type: 'end', steps: manifest.steps });
  });

  it('has the same batches at every step, and losses and measurements within the tolerance', async () => {
    const { manifest, rows } = await readRunFolder(join(GOLDEN, name));
    const records = recordsOf(name);
    expect(records).toHaveLength(manifest.steps);
    const measured = text(name, 'run/evaluations.jsonl').split('\n').filter(Boolean);
    const evaluations = new Map(measured.map((line) => [JSON.parse(line).step, JSON.parse(line)]));
    expect(evaluations.size).toBe(manifest.data.validation.perMillion === 0 ? 0 : 5);
    const stepper = await Stepper.open(base, manifest, rows);
    for (const { step, batchHash, lossBits } of records) {
      const { record, loss } = await stepper.run(step);
      expect(record.batchHash).toBe(batchHash);
      expect(Math.abs(lossFromBits(lossBits) / loss - 1)).toBeLessThan(NATIVE_TOLERANCE);
      const evaluation = evaluations.get(step);
      if (evaluation === undefined) continue;
      const own = await stepper.evaluate(step);
      expect(own?.datanets.map(({ datanet, tokens }) => [datanet, tokens])).toEqual(
        evaluation.datanets.map(({ datanet, tokens }: { datanet: number; tokens: number }) => [
          datanet,
          tokens,
        ]),
      );
      expect(Math.abs(evaluation.loss / own!.loss - 1)).toBeLessThan(NATIVE_TOLERANCE);
    }
    await stepper.close();
    expect(relativeError(weightsOf(name, manifest), stepper.state.parameters)).toBeLessThan(NATIVE_TOLERANCE);
  });

  it('passes verification, and leaves a result that is its log’s', async () => {
    const { manifest, rows } = await readRunFolder(join(GOLDEN, name));
    const records = recordsOf(name);
    const work = join(GOLDEN, name, 'run');
    for (const step of [1, Math.ceil(records.length / 2) + 1, records.length]) {
      const { before: checkpoint, after } = await checkpointsAround(work, step);
      const record = records[step - 1];
      const found = await verifyStep({ base, manifest, rows, checkpoint, after, record });
      expect(found).toMatchObject({ ok: true });
      const forged = { ...record, batchHash: record.weightsHash };
      expect(await verifyStep({ base, manifest, rows, checkpoint, record: forged })).toMatchObject({
        ok: false,
      });
    }
    expect(hashFloats(weightsOf(name, manifest))).toBe(records.at(-1)!.weightsHash);
    expect(text(name, 'result/README.md')).toContain(`# Run ${runIdOf(manifest)}`);
  });

  it('is in the engine’s own bytes: checkpoints, adapter, configuration', async () => {
    const work = join(GOLDEN, name, 'run');
    for (const step of await listCheckpoints(work)) {
      const bytes = file(name, `run/step-${String(step).padStart(6, '0')}.safetensors`);
      const checkpoint = decodeCheckpoint(bytes);
      expect(hashFloats(checkpoint.state.parameters)).toBe(recordsOf(name)[step - 1].weightsHash);
      expect(Buffer.compare(encodeCheckpoint(checkpoint), bytes)).toBe(0);
    }
    if (existsSync(join(GOLDEN, name, 'result/config.json')))
      expect(parseLlamaConfig(JSON.parse(text(name, 'result/config.json')))).toEqual(base.config);
    else
      for (const [path, bytes] of encodeAdapter(base.config, adapterOf(name)))
        expect(Buffer.compare(bytes, adapterFiles(name).get(path as never)!)).toBe(0);
  });
});
