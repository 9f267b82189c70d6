import { statSync } from 'node:fs';
import { openContent } from '@openledger/engine/dataset/contribution';
import { CliError } from '../error.ts';
import { fileCandidates } from './candidates.ts';

/** The rows of some files, in the order in which the files are named. */
export async function heldOutTexts(paths: readonly string[]): Promise<string[]> {
  const missing = paths.find((path) => !statSync(path, { throwIfNoEntry: false })?.isFile());
  if (missing !== undefined) throw new CliError(`--held-out: there is no file "${missing}".`);
  const files = await fileCandidates(paths, 'NOASSERTION');
  return files.flatMap((file) => {
    const content = openContent(file);
    const refuse = (why: string) =>
      new CliError(
        `--held-out: "${file.name}" cannot be used: ${why}. Rows are parts between blank lines: a question in one line, then perhaps its answer.`,
      );
    if (!('rows' in content)) throw refuse(content.problem);
    const texts = content.rows.map(({ text }) => text);
    // As text, a file of JSON would be one long row that nothing repeats.
    if (texts.some(beginsAsJson)) throw refuse('it holds JSON');
    return texts;
  });
}

function beginsAsJson(row: string): boolean {
  const [line] = row.split('\n');
  if (/^\s*[[{]\s*$/.test(line)) return true;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
