import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BaseModel } from '@openledger/engine/model/base';
import { encodeStepLog, stepLogPath } from '@openledger/engine/training/checkpoint';
import { contributionAsset } from '@openledger/sdk/protocol/assets';
import { keccak, utf8, ZERO_HASH } from '@openledger/sdk/protocol/bytes';
import { contentTree, rowsTree, splitRows } from '@openledger/sdk/protocol/content';
import { rowSketchesTree, SKETCH_LENGTH } from '@openledger/sdk/protocol/sketch';
import { storeUri } from '@openledger/sdk/protocol/store';
import { hashStepRecord, lossBits, type StepRecord } from '@openledger/sdk/protocol/training';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import type { AcceptedContribution } from '../../src/chain/contributions.ts';
import { createLog } from '../../src/log.ts';
import type { ListedModel } from '../../src/models/types.ts';
import type { Job } from '../../src/trainer/job.ts';
import type { TrainingEngine } from '../../src/trainer/run-job.ts';
import type { createTrainer, TrainerDeps } from '../../src/trainer/trainer.ts';
import { memoryStore } from './memory-store.ts';

/** The hash of {@link base}. */
export const weightsHash = keccak(utf8('weights'));
/** The model that is trained. */
export const base: ListedModel = {
  id: 1,
  names: ['ol-1'],
  kind: 'base',
  owner: '0x0000000000000000000000000000000000000001',
  uri: '',
  publishedAt: 0,
  isServed: true,
  terms: {
    parent: 0,
    royaltyBps: 0,
    scheme: 0,
    treeDepth: 0,
    sigmaCap: 0,
    weightsHash,
    runId: ZERO_HASH,
    sketchRoot: ZERO_HASH,
    corpusRoot: ZERO_HASH,
    baselineRoot: ZERO_HASH,
    basisHash: ZERO_HASH,
  },
};

/** What is asked of the trainer. */
export const jobBody = {
  name: 'guide',
  datanets: [1],
  contributions: [],
  weights: {},
  settings: { epochs: 30, batch: 2 },
};

/** What a trainer works with, in a folder of its own: three contributions to two datanets. */
export async function trainerWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'openledger-jobs-'));
  const store = memoryStore();
  const accepted = [
    await contribution(store, 1, 1),
    await contribution(store, 2, 1),
    await contribution(store, 3, 2),
  ];
  const deps = (engine: TrainingEngine): TrainerDeps => ({
    folder,
    store,
    catalog: { list: async () => [base], find: async () => base },
    permission: async () => 'open',
    contributions: async () => accepted,
    engine,
    log: createLog('silent'),
    now: () => 1_800_000_000,
  });
  return { folder, store, accepted, deps, close: () => rm(folder, { recursive: true, force: true }) };
}

/** The job when it has succeeded or failed. */
export async function finished(trainer: Awaited<ReturnType<typeof createTrainer>>, id: string): Promise<Job> {
  for (let after = 0; !['succeeded', 'failed'].includes(trainer.get(id).status); after += 1) {
    await trainer.waitForEvents(id, after, AbortSignal.timeout(5_000));
  }
  return trainer.get(id);
}

/** An engine whose steps cost nothing. It stops for ever at a step, as a killed process would, when told to. */
export function fakeEngine(hangAt = Number.POSITIVE_INFINITY): TrainingEngine & { resumedFrom: number[] } {
  const resumedFrom: number[] = [];
  let saved: StepRecord[] = [];
  return {
    resumedFrom,
    base: async () =>
      ({
        weightsHash,
        tokenizerHash: weightsHash,
        config: { layers: 0 },
        tokenizer: {
          encode: (text: string) => [...utf8(text)],
          encodeChat: ([message]: { content: string }[]) => [...utf8(message.content)],
          endToken: () => 0,
        },
      }) as unknown as BaseModel,
    async *train({ manifest, checkpointDir, checkpointEvery = 20, signal }) {
      const log = await readFile(stepLogPath(checkpointDir!), 'utf8').catch(() => '');
      saved = log
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      resumedFrom.push(saved.length);
      const records = [...saved];
      for (let step = records.length + 1; step <= manifest.steps; step += 1) {
        signal?.throwIfAborted();
        if (step === hangAt)
          await new Promise((_, reject) =>
            signal?.addEventListener('abort', () => reject(new Error('aborted'))),
          );
        records.push({ step, batchHash: ZERO_HASH, lossBits: lossBits(1 / step), weightsHash });
        yield {
          type: 'step',
          step,
          loss: 1 / step,
          lr: 0.1,
          gradNorm: 1,
          tokensPerSecond: 1,
          etaSeconds: 0,
        };
        if (step % checkpointEvery === 0 || step === manifest.steps) {
          await writeFile(stepLogPath(checkpointDir!), encodeStepLog(records));
          yield { type: 'checkpoint', step, path: '', hash: hashStepRecord(records[step - 1]) };
        }
      }
      const result = {
        adapter: { rank: 1, alpha: 1, rankStabilised: false, weights: new Float32Array(0) },
        parameters: new Float32Array(0),
        secondMoment: new Float32Array(0),
        step: records.length,
        records,
        evaluations: [],
        machine: { model: '', class: '' },
      };
      yield { type: 'done', ...result };
      return result;
    },
    async buildInfluence({ rows }) {
      const sketches = rows.map(({ asset, row }) => ({
        asset,
        row,
        sigma: 1,
        a: new Int8Array(SKETCH_LENGTH).fill(asset % 8),
      }));
      const assets = [...new Set(rows.map(({ asset }) => asset))];
      return {
        basis: utf8('basis'),
        rows: sketches,
        contributions: assets.map((asset) => ({
          asset,
          sigma: 2,
          a: new Int8Array(SKETCH_LENGTH).fill(asset % 8),
          rowsSketchRoot: plainRoot(rowSketchesTree(sketches.filter((row) => row.asset === asset))),
        })),
        sigmaCap: 2,
      };
    },
    encodeAdapter: () => new Map([['adapter_config.json', utf8('{}')]]),
  };
}

async function contribution(
  store: ReturnType<typeof memoryStore>,
  id: number,
  datanet: number,
): Promise<AcceptedContribution> {
  const bytes = utf8(`Question ${id}?\nAnswer ${id}.\n\nAnother ${id}?\nYes, ${id}.\n`);
  const rows = splitRows(bytes);
  return {
    id,
    asset: contributionAsset(id),
    datanet,
    contributor: base.owner,
    contentRoot: plainRoot(contentTree(bytes)),
    rowsRoot: plainRoot(rowsTree(rows)),
    byteLength: bytes.length,
    rowCount: rows.length,
    kind: 0,
    refersTo: 0,
    firstRow: 0,
    uri: storeUri(await store.put(bytes)),
    licence: 'CC-BY-4.0',
    version: ZERO_HASH,
  };
}
