import { type Hex, keccak256 } from 'viem';
import { z } from 'zod';
import { NodeError, systemCode } from '../errors.ts';
import { DEFAULT_MAX_BLOB_BYTES } from './folder-store.ts';
import type { BlobStore } from './types.ts';

export type HttpStoreOptions = {
  /** Base URL of a node, e.g. `http://127.0.0.1:8650`. */
  url: string;
  maxBytes?: number;
  timeoutMs?: number;
  fetch?: typeof fetch;
};

const putAnswer = z.object({ hash: z.string() });

/**
 * A content store behind HTTP. The other side is not trusted: what it returns is hashed here,
 * and no more than the size limit is ever read from it.
 */
export function httpStore(options: HttpStoreOptions): BlobStore {
  const request = options.fetch ?? fetch;
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BLOB_BYTES;
  const base = options.url.replace(/\/+$/, '');

  async function send(path: string, init: RequestInit): Promise<Response> {
    const signal = AbortSignal.timeout(options.timeoutMs ?? 30_000);
    try {
      return await request(`${base}${path}`, { ...init, signal });
    } catch (error) {
      throw new NodeError(
        'storage_failed',
        `The content store at ${base} does not answer (${systemCode(error) ?? 'no connection'}).`,
        'Check that the node is running and that the URL is right.',
        { cause: error },
      );
    }
  }

  async function has(hash: Hex): Promise<boolean> {
    const response = await send(`/v1/store/${hash}`, { method: 'HEAD' });
    return response.ok;
  }

  async function get(hash: Hex): Promise<Uint8Array> {
    const response = await send(`/v1/store/${hash}`, { method: 'GET' });
    if (!response.ok) {
      await response.body?.cancel();
      throw new NodeError(
        'blob_not_found',
        `The content store at ${base} does not have blob ${hash} (status ${response.status}).`,
        'Ask the publisher to store it again, or name another store.',
      );
    }
    const bytes = await readLimited(response, maxBytes, base);
    if (keccak256(bytes) !== hash.toLowerCase()) {
      throw new NodeError(
        'blob_corrupt',
        `The content store at ${base} answered blob ${hash} with other bytes.`,
        'Do not use this store; name another one.',
      );
    }
    return bytes;
  }

  async function put(bytes: Uint8Array): Promise<Hex> {
    const hash = keccak256(bytes);
    const response = await send('/v1/store', {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes as Uint8Array<ArrayBuffer>,
    });
    const answer = putAnswer.safeParse(await response.json().catch(() => undefined));
    if (!response.ok || !answer.success || answer.data.hash !== hash) {
      throw new NodeError(
        'storage_failed',
        `The content store at ${base} did not accept the blob (status ${response.status}).`,
        'Read the store’s log; the content was not stored.',
      );
    }
    return hash;
  }

  return { has, get, put };
}

async function readLimited(response: Response, maxBytes: number, base: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new NodeError(
        'blob_too_large',
        `The content store at ${base} sent more than ${maxBytes} bytes.`,
        'Raise --store-max-bytes if the blob is meant to be this large.',
      );
    }
    chunks.push(chunk);
  }
  // A copy: the slices of a Buffer are views, which would surprise whoever reads the blob.
  return new Uint8Array(Buffer.concat(chunks));
}
