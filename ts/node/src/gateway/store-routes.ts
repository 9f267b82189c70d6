import { z } from '@hono/zod-openapi';
import { NodeError } from '../errors.ts';
import type { BlobStore } from '../store/types.ts';
import { isBlobId } from '../store/uri.ts';
import { type Api, addOperation, createApi, type Operation } from './operation.ts';
import { hash } from './schemas.ts';

const readBlob = {
  method: 'get',
  path: '/v1/store/{hash}',
  tag: 'store',
  summary: 'The bytes behind a hash; HEAD asks whether they are here',
  params: z.object({
    hash: z.string().refine(isBlobId, 'is not a blob id: use 0x and 64 hexadecimal digits'),
  }),
  answer: { description: 'The bytes.', bytes: true },
  refusals: [404],
} as const satisfies Operation<unknown, unknown, unknown>;

const writeBlob = {
  method: 'put',
  path: '/v1/store',
  tag: 'store',
  summary: 'Keeps bytes under their keccak-256',
  bytes: true,
  answer: { description: 'They are on the disk.', status: 201, json: z.object({ hash }) },
  refusals: [413, 507],
} as const satisfies Operation<unknown, unknown, unknown>;

/** `GET|HEAD /v1/store/:hash` and `PUT /v1/store`. */
export function storeRoutes(store: BlobStore, maxBytes: number): Api {
  const app = createApi();

  addOperation(app, readBlob, async (context, { params: { hash } }) => {
    if (context.req.method === 'HEAD') {
      return context.body(null, (await store.has(hash)) ? 200 : 404);
    }
    const bytes = await store.get(hash);
    return context.body(bytes as Uint8Array<ArrayBuffer>, 200, {
      'content-type': 'application/octet-stream',
      // Contributors' bytes are shown by a browser only as what they are: data.
      'x-content-type-options': 'nosniff',
      'content-disposition': 'attachment',
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });

  addOperation(app, writeBlob, async (context) => {
    const announced = Number(context.req.header('content-length') ?? 0);
    if (announced > maxBytes) throw tooLarge(maxBytes);
    const bytes = await readLimited(context.req.raw.body, maxBytes);
    return context.json({ hash: await store.put(bytes) }, 201);
  });

  return app;
}

async function readLimited(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): NodeError {
  return new NodeError(
    'blob_too_large',
    `The content is larger than ${maxBytes} bytes.`,
    'Split it into several blobs.',
  );
}
