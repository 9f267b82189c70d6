import { blobId } from '@openledger/sdk/protocol/store';
import type { Hex } from 'viem';
import { CliError } from '../error.ts';
import type { ThreadContext } from './context.ts';

/** Puts bytes into the node's content store, under their own hash. */
export async function putBlob(context: ThreadContext, bytes: Uint8Array): Promise<Hex> {
  const response = await fetch(`${context.config.urls.node}/v1/store`, {
    method: 'PUT',
    body: bytes.slice(),
  });
  if (!response.ok)
    throw new CliError(`The content store answered ${response.status}: ${await response.text()}`);
  const { hash } = (await response.json()) as { hash: Hex };
  if (hash !== blobId(bytes))
    throw new CliError('The content store named the bytes by another hash than theirs.');
  return hash;
}

/** Gets bytes from the content store and checks that they are what their hash says. */
export async function getBlob(
  context: Pick<ThreadContext, 'config'>,
  hash: Hex,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`${context.config.urls.node}/v1/store/${hash}`);
  if (!response.ok) throw new CliError(`The content store has no ${hash} (${response.status}).`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (blobId(bytes) !== hash) throw new CliError(`The content store answered ${hash} with other bytes.`);
  return bytes;
}
