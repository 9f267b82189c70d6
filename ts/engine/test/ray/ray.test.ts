import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../src/cluster/train-engine.ts';
import { writeRunFolder } from '../../src/training/run-folder.ts';
import { tinyBase, tinyManifest, tinyRows } from '../tiny-base.ts';
import { createClock, type ScenarioResult, scenarios } from './scenarios.ts';
import { replay, transcript } from './transcript.ts';

const directory = mkdtempSync(join(tmpdir(), 'openledger-ray-'));
afterAll(() => rmSync(directory, { recursive: true }));

let runId: string;
beforeAll(async () => {
  runId = await writeRunFolder(directory, tinyManifest(tinyBase(), 'native'), tinyRows);
});

/** Carries a scenario out against what a real Ray answered. */
async function play(name: keyof typeof scenarios): Promise<ScenarioResult & { left: number }> {
  const { send, left } = replay(name, runId);
  const result = await scenarios[name]({
    ray: {
      address: 'http://cluster:8265',
      send,
      pollEvery: 0,
      now: createClock(),
      folders: () => ({ folder: `/shared/${name}`, base: '/shared/base' }),
    },
    program: ['node', 'program.ts'],
    job: { folder: directory, base: '' },
  });
  return { ...result, left: left() };
}

const steps = (events: readonly EngineEvent[]) =>
  events.flatMap((event) => (event.type === 'step' ? [event.step] : []));
const ALL = [1, 2, 3, 4, 5, 6, 7, 8];

describe(`The Ray engine, with the answers of Ray ${transcript.ray}`, () => {
  it('hands a run over and tells each event of it once, to its end', async () => {
    const { events, error, left } = await play('train');
    expect(error).toBeUndefined();
    expect(events[0]).toMatchObject({ type: 'start', fromStep: 0, steps: 8 });
    expect(steps(events)).toEqual(ALL);
    expect(events.at(-1)).toEqual({ type: 'end', step: 8, steps: 8 });
    expect(left).toBe(0);
  });

  it('follows the job that is still at work when its client comes back', async () => {
    const { events, left } = await play('comeBack');
    expect(steps(events)).toEqual(ALL);
    expect(transcript.scenarios.comeBack.filter(({ method }) => method === 'POST')).toHaveLength(1);
    expect(left).toBe(0);
  });

  it('stops the job when it is told to, and goes on from its checkpoint with another', async () => {
    const { events, error, left } = await play('stop');
    expect(error).toBe('paused');
    const starts = events.flatMap((event) => (event.type === 'start' ? [event.fromStep] : []));
    expect(starts).toHaveLength(2);
    expect(starts[1]).toBeGreaterThan(0);
    expect(steps(events.slice(events.findLastIndex(({ type }) => type === 'start')))).toEqual(
      ALL.slice(starts[1]),
    );
    expect(left).toBe(0);
  });

  it('says what a program said that failed', async () => {
    const { error, left } = await play('fail');
    expect(error).toContain('exit code 3');
    expect(error).toContain('no such GPU');
    expect(left).toBe(0);
  });

  it('says why Ray refused', async () => {
    const { error, left } = await play('refuse');
    expect(error).toContain(
      '500 to POST /api/jobs/: ValueError: Job with submission_id openledger-twice already exists',
    );
    expect(error).toContain('404 to GET /api/jobs/openledger-never');
    expect(left).toBe(0);
  });
});
