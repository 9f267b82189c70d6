import { describe, expect, it } from 'vitest';
import { keccak, utf8 } from './bytes.ts';
import {
  blobId,
  canonicalJson,
  folderManifest,
  parseFolderManifest,
  parseStoreUri,
  storeUri,
} from './store.ts';

const file = (path: string) => ({ path, hash: keccak(utf8(path)), size: path.length });

describe('the content store', () => {
  it('names a blob by its hash', () => {
    const id = blobId(utf8('hello'));
    expect(parseStoreUri(storeUri(id))).toBe(id);
    expect(() => parseStoreUri('https://example.org')).toThrow('not a store URI');
  });

  it('writes JSON in one way only', () => {
    expect(canonicalJson({ b: 1, a: [true, null, 'é'], c: 1e21 })).toBe(
      '{"a":[true,null,"é"],"b":1,"c":1e+21}',
    );
  });

  it('gives a folder one hash, in whatever order its files come', () => {
    const [one, two] = [file('adapter_model.safetensors'), file('adapter_config.json')];
    expect(folderManifest([one, two]).hash).toBe(folderManifest([two, one]).hash);
    expect(parseFolderManifest(folderManifest([one, two]).bytes).files.map(({ path }) => path)).toEqual([
      two.path,
      one.path,
    ]);
  });

  it.each(['../secret', '/etc/passwd', 'a/../b', 'a//b', '', '.', 'a\\b'])(
    'refuses the path "%s"',
    (path) => {
      expect(() => folderManifest([{ ...file('x'), path }])).toThrow('relative path');
    },
  );

  it('refuses a folder that names a file twice', () => {
    expect(() => folderManifest([file('a'), file('a')])).toThrow('twice');
  });
});
