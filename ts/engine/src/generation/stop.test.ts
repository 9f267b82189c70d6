import { describe, expect, it } from 'vitest';
import { createStopFilter } from './stop.ts';

/** What is let through after each piece; `|` marks the end by a stop string. */
function run(stop: string[], pieces: string[]): string[] {
  const filter = createStopFilter<number>(stop);
  const out: string[] = [];
  for (const [token, piece] of pieces.entries()) {
    const { ready, ended } = filter.push(token, piece);
    out.push(ready.map(({ token: t, text }) => `${t}${text}`).join(' ') + (ended ? '|' : ''));
    if (ended) return out;
  }
  out.push(
    filter
      .flush()
      .map(({ token, text }) => `${token}${text}`)
      .join(' '),
  );
  return out;
}

describe('the stop filter', () => {
  it('lets text through at once that cannot belong to a stop string', () => {
    expect(run(['END'], ['a', 'b'])).toEqual(['0a', '1b', '']);
    expect(run([], ['a', ''])).toEqual(['0a', '1', '']);
  });

  it('holds what may be the start of one, and shows nothing of it when it is', () => {
    expect(run(['END'], ['aE', 'N', 'Db', 'c'])).toEqual(['', '', '0a 1 2|']);
    expect(run(['END'], ['aE', 'N', 'X', 'c'])).toEqual(['', '', '0aE 1N 2X', '3c', '']);
  });

  it('gives back what it held when the answer ends by itself', () => {
    expect(run(['END'], ['a', 'EN'])).toEqual(['0a', '', '1EN']);
  });

  it('cuts at the earliest of several, also when they overlap', () => {
    expect(run(['ND', 'END'], ['xEND'])).toEqual(['0x|']);
    expect(run(['aab'], ['a', 'a', 'a', 'b'])).toEqual(['', '', '0a', '1 2 3|']);
  });
});
