import { describe, expect, it } from 'vitest';
import {
  entityOf,
  loadWorld,
  loadWorldQuestions,
  questionsOf,
  splitWorldRows,
  worldContributions,
} from './world.ts';

const world = loadWorld();
const contributions = worldContributions(world);
const rows = contributions.flatMap((c) => c.rows.map((row) => ({ row, source: `${c.datanet}/${c.slug}` })));
const questions = loadWorldQuestions();

describe('the demo world', () => {
  it('has three datanets of three contributions by nine people', () => {
    expect(world.datanets.map((d) => d.contributions.length)).toEqual([3, 3, 3]);
    expect(new Set(contributions.map((c) => c.contributor)).size).toBe(9);
    for (const c of contributions) expect(c.licence).toBe('CC-BY-4.0');
  });

  it('has twenty rows in each asked contribution and at least twelve in the others', () => {
    for (const datanet of world.datanets) {
      for (const c of datanet.contributions) {
        if (datanet.asked) expect(c.rows.length, c.slug).toBe(20);
        else expect(c.rows.length, c.slug).toBeGreaterThanOrEqual(12);
      }
    }
  });

  it('gives every row at the place in bytes where it stands', () => {
    for (const c of contributions) {
      for (const row of c.rows) {
        const slice = c.bytes.subarray(row.byteOffset, row.byteOffset + row.byteLength);
        expect(new TextDecoder().decode(slice)).toBe(`${row.question}\n${row.answer}`);
      }
      expect(c.rows.map((row) => row.text).join('\n\n')).toBe(new TextDecoder().decode(c.bytes));
    }
  });

  it('answers in one ASCII sentence of 80 to 150 bytes that repeats the name asked about', () => {
    for (const { row } of rows) {
      expect(row.answer, row.answer).toMatch(/^[A-Z0-9][ -~]{78,148}\.$/);
      expect(row.answer).toContain(entityOf(row.question, row.answer));
    }
  });

  it('asks every question once, about a name that no other row mentions', () => {
    expect(new Set(rows.map(({ row }) => row.question)).size).toBe(rows.length);
    for (const { row } of rows) {
      const name = entityOf(row.question, row.answer);
      expect(
        rows.filter((other) => other.row.text.includes(name)).map((other) => other.row.question),
        name,
      ).toEqual([row.question]);
    }
  });

  it('shares no run of 48 bytes between two answers, so that a span of 64 bytes has one source', () => {
    const seen = new Map<string, string>();
    for (const { row } of rows) {
      for (let i = 0; i + 48 <= row.answer.length; i++) {
        const run = row.answer.slice(i, i + 48);
        expect(seen.get(run) ?? row.question, run).toBe(row.question);
        seen.set(run, row.question);
      }
    }
  });
});

describe('the questions', () => {
  it('are the 120 rows of the asked datanets, as committed', () => {
    expect(questions).toHaveLength(120);
    expect(questions).toEqual(questionsOf(world));
  });

  it('have an answer that stands in exactly one row of one contribution', () => {
    for (const question of questions) {
      const sources = rows
        .filter(({ row }) => row.text.includes(question.answer))
        .map(({ source }) => source);
      expect(sources).toEqual([`${question.datanet}/${question.contribution}`]);
    }
  });
});

describe('splitting rows', () => {
  it('refuses a file whose rows are not question and answer, and says how to fix it', () => {
    const bytes = new TextEncoder().encode('Only a question?\n\nWhat?\nThat.');
    expect(() => splitWorldRows(bytes, 'bad.txt')).toThrow(
      /bad\.txt: row 0 .* Separate rows by one blank line/,
    );
  });
});
