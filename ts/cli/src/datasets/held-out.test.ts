import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CliError } from '../error.ts';
import { heldOutTexts } from './held-out.ts';

const folder = mkdtempSync(join(tmpdir(), 'openledger-cli-held-out-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

describe('Held-out texts', () => {
  const rows = file('rows.txt', '\nWho rang?\nThe keeper.\n\nWhat burns: {oil}?\n');
  const more = file('more.txt', '[sic] Who slept?');

  it('are the rows of files in the order in which these are named', async () => {
    expect(await heldOutTexts([more, rows])).toEqual([
      '[sic] Who slept?',
      'Who rang?\nThe keeper.',
      'What burns: {oil}?',
    ]);
  });

  it.each([
    ['no file', join(folder, 'none.txt'), 'there is no file'],
    ['a folder', folder, 'there is no file'],
    ['no rows', file('empty.txt', '\n'), 'the content has no rows. Rows are parts'],
    ['no text', file('bytes', Uint8Array.of(0xff, 0xfe)), 'the content is not UTF-8'],
    ['lines of JSON', file('lines.jsonl', '{"question":"Who?"}\n{"question":"When?"}\n'), 'it holds JSON'],
    ['a JSON list', file('list.json', '[\n  { "question": "Who?" }\n]\n'), 'it holds JSON'],
  ])('are refused where there are none: %s', async (_, path, message) => {
    const error = await heldOutTexts([rows, path]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CliError);
    expect(String(error)).toContain(message);
    expect(String(error)).toContain(path);
  });
});
