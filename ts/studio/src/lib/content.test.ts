import { keccak256 } from 'viem';
import { afterEach, expect, test, vi } from 'vitest';
import { loadBlob, readRows } from './content.ts';

afterEach(() => void vi.unstubAllGlobals());

test('a row in chat format is a question and its answer', () => {
  const rows = readRows(new TextEncoder().encode('Who?\nÉve did.\n\nWhat?\nA thing.\n'));
  expect(rows).toEqual([
    { row: 0, byteOffset: 0, byteLength: 14, question: 'Who?', answer: 'Éve did.' },
    { row: 1, byteOffset: 16, byteLength: 14, question: 'What?', answer: 'A thing.' },
  ]);
});

test('a row of one line has no question', () => {
  expect(readRows(new TextEncoder().encode('Just text.'))[0]).toMatchObject({
    question: '',
    answer: 'Just text.',
  });
});

test('bytes that are not what was asked for are refused', async () => {
  const bytes = new TextEncoder().encode('content');
  vi.stubGlobal('fetch', async () => new Response(bytes));
  await expect(loadBlob('http://node', keccak256(bytes))).resolves.toEqual(bytes);
  await expect(loadBlob('http://node', `0x${'00'.repeat(32)}`)).rejects.toThrow('other bytes');
});
