import canonicalize from 'canonicalize';
import type { Hex } from 'viem';
import { z } from 'zod';
import { fromUtf8, keccak, ProtocolError, utf8 } from './bytes.ts';

/** A zod schema for a 32-byte hash, lower-cased. */
export const hashSchema = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'must be 0x and 64 hex digits')
  .transform((text) => text.toLowerCase() as Hex);

/** Id of a blob in the content store: the keccak-256 of its bytes. */
export function blobId(bytes: Uint8Array): Hex {
  return keccak(bytes);
}

/** URI of a blob. */
export function storeUri(id: Hex): `store:${Hex}` {
  return `store:${id}`;
}

/** The blob id in a `store:` URI; throws on any other URI. */
export function parseStoreUri(uri: string): Hex {
  const match = /^store:(0x[0-9a-f]{64})$/i.exec(uri);
  if (!match) throw new ProtocolError(`"${uri}" is not a store URI (store:0x and 64 hex digits).`);
  return match[1]!.toLowerCase() as Hex;
}

/** RFC 8785 JSON of a value: one text for one meaning, so that it can be hashed. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new ProtocolError('The value has no JSON form.');
  return text;
}

/** {@link canonicalJson} as UTF-8. */
export function canonicalBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return utf8(canonicalJson(value));
}

/** One file of a folder in the store. */
export type FolderFile = { path: string; hash: Hex; size: number };

/** A folder in the store: a model's or an adapter's files. */
export type FolderManifest = { type: 'folder'; files: FolderFile[] };

const folderSchema = z.strictObject({
  type: z.literal('folder'),
  files: z.array(
    z.strictObject({
      path: z
        .string()
        .regex(/^(?!\.{1,2}(\/|$))[^/\\\0]+(\/(?!\.{1,2}(\/|$))[^/\\\0]+)*$/, 'must be a relative path'),
      hash: hashSchema,
      size: z.number().int().nonnegative(),
    }),
  ),
});

/** The manifest of a folder and its bytes; their keccak-256 is the folder's hash. */
export function folderManifest(files: readonly FolderFile[]): {
  manifest: FolderManifest;
  bytes: Uint8Array<ArrayBuffer>;
  hash: Hex;
} {
  // Code-unit order, the same order that RFC 8785 gives to keys.
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const manifest = folderSchema.parse({
    type: 'folder',
    files: sorted.map(({ path, hash, size }) => ({ path, hash, size })),
  });
  const repeated = sorted.find((file, index) => index > 0 && file.path === sorted[index - 1]!.path);
  if (repeated) throw new ProtocolError(`The folder names "${repeated.path}" twice.`);
  const bytes = canonicalBytes(manifest);
  return { manifest, bytes, hash: blobId(bytes) };
}

/** Reads a folder's manifest; throws when it is not one. Paths are relative and stay inside the folder. */
export function parseFolderManifest(bytes: Uint8Array): FolderManifest {
  return folderSchema.parse(JSON.parse(fromUtf8(bytes)));
}
