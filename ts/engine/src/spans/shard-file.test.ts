import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../numeric/random.ts';
import { pack, unpack, wordsFor } from './packing.ts';
import { readShard, writeShard } from './shard-file.ts';
import { buildSpanIndex, buildTokenIndex } from './span-index.ts';

const random = new Random(5);
const draw = (length: number, limit: number) => Array.from({ length }, () => random.below(limit));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spans-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('packing', () => {
  it('gives back what it was given, for every width', () => {
    for (let bits = 1; bits <= 31; bits += 1) {
      const numbers = Int32Array.from(draw(97, 2 ** bits));
      numbers[0] = 2 ** bits - 1;
      const words = pack(numbers, bits);
      expect(words.length).toBe(wordsFor(97, bits));
      const read = new Int32Array(97);
      unpack(words, bits, read);
      expect(read).toEqual(numbers);
    }
  });
});

describe('a span index file', () => {
  const bytes = buildSpanIndex([
    { asset: 4, bytes: Uint8Array.from(draw(300, 3)) },
    { asset: 2 ** 39, bytes: new Uint8Array() },
    { asset: 8, bytes: Uint8Array.from(draw(77, 256)) },
  ]);
  const tokens = (vocabulary: number) =>
    buildTokenIndex([{ asset: 9, pieces: [draw(50, vocabulary), draw(20, vocabulary)] }], vocabulary);

  it.each([
    ['bytes', bytes],
    ['16-bit tokens', tokens(50_000)],
    ['32-bit tokens', tokens(200_000)],
    ['nothing', buildSpanIndex([])],
  ])('of %s is read as it was written', async (name, index) => {
    const path = join(folder, name);
    expect(await writeShard(path, index)).toBe((await stat(path)).size);
    const read = await readShard(path);
    expect({ ...read, text: [...read.text], suffixes: [...read.suffixes] }).toEqual({
      ...index,
      text: [...index.text],
      suffixes: [...index.suffixes],
    });
  });

  it('is refused, with what to do, when it is damaged, cut short, of another version or something else', async () => {
    const path = join(folder, 'damaged');
    await writeShard(path, bytes);
    const good = await readFile(path);
    for (let i = 0; i < good.length; i += i < 64 ? 1 : 23) {
      const damaged = Buffer.from(good);
      damaged[i] ^= 1 << random.below(8);
      await writeFile(path, damaged);
      await expect(readShard(path)).rejects.toThrow(/Build (it again|one) from the contributions/);
    }
    for (const length of [0, 7, 8, 40, 64, 100, good.length - 1]) {
      await writeFile(path, good.subarray(0, length));
      await expect(readShard(path)).rejects.toThrow(length < 8 ? /not a span index/ : /cut short/);
    }
    await writeFile(path, Buffer.concat([good, Buffer.alloc(1)]));
    await expect(readShard(path)).rejects.toThrow(/damaged/);
    const version = Buffer.from(good);
    version.writeUint32LE(3, 8);
    await writeFile(path, version);
    await expect(readShard(path)).rejects.toThrow(/version 3, not 2/);
  });
});
