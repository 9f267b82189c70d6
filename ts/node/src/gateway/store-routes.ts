import { Hono } from 'hono';
import { NodeError } from '../errors.ts';
import type { BlobStore } from '../store/types.ts';
import { isBlobId } from '../store/uri.ts';

/** `GET|HEAD /v1/store/:hash` and `PUT /v1/store`. */
export function storeRoutes(store: BlobStore, maxBytes: number): Hono {
  const app = new Hono();

  app.get('/v1/store/:hash', async (context) => {
    const hash = context.req.param('hash');
    if (!isBlobId(hash)) {
      throw new NodeError('bad_request', `"${hash}" is not a blob id.`, 'Use 0x and 64 hexadecimal digits.');
    }
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

  app.put('/v1/store', async (context) => {
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
