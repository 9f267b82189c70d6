import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Hex } from 'viem';
import type { DevnetConfig } from '../devnet/config.ts';
import { operatorToken } from '../devnet/devnet.ts';
import { CliError } from '../error.ts';
import { createAdapterLoader } from '../receipt/adapter-evidence.ts';
import { readBundle, recordingSources } from '../receipt/bundle.ts';
import { liveSources, type ReceiptSources } from '../receipt/sources.ts';
import { verifyReceipt } from '../receipt/verify.ts';
import { openContext } from '../thread/context.ts';
import { attributed, parseReceiptView, type ReceiptView, receiptText } from '../thread/receipts.ts';

/**
 * Verifies a receipt: by its id at the node, from a file that holds what `GET /v1/receipts/:id` answered, or from a
 * bundle, which needs neither node nor chain.
 */
export async function verifyReceiptCommand(
  config: DevnetConfig,
  source: string,
  json: boolean,
): Promise<void> {
  const { view, sources } = await openReceipt(config, source);
  const adapters = createAdapterLoader(sources);
  const checks = await verifyReceipt(sources, view, adapters);
  await adapters.close();
  if (json) console.log(JSON.stringify({ receipt: view.id, ok: checks.every(({ ok }) => ok), checks }));
  else
    for (const { name, ok, detail } of checks)
      console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}${detail === undefined ? '' : `: ${detail}`}`);
  if (checks.some(({ ok }) => !ok)) process.exitCode = 1;
}

/** Writes a receipt with everything that its verification reads to a file, so that it can be verified offline. */
export async function bundleReceiptCommand(config: DevnetConfig, id: string, file: string): Promise<void> {
  const context = await openContext(config, operatorToken(config), () => undefined);
  const text = await receiptText(context, receiptId(id));
  const { sources, encode } = recordingSources(liveSources(context), text);
  const adapters = createAdapterLoader(sources);
  await verifyReceipt(sources, parseReceiptView(text), adapters);
  await adapters.close();
  await writeFile(file, encode());
  console.log(`${file} holds receipt ${id} and what it is verified with.`);
}

async function openReceipt(
  config: DevnetConfig,
  source: string,
): Promise<{ view: ReceiptView; sources: ReceiptSources }> {
  const text = existsSync(source) ? readFile(source, () => readFileSync(source, 'utf8')) : undefined;
  const bundle = text === undefined ? undefined : readFile(source, () => readBundle(text));
  if (bundle !== undefined) return bundle;
  const context = await openContext(config, operatorToken(config), () => undefined);
  const view =
    text === undefined
      ? await attributed(context, receiptId(source))
      : readFile(source, () => parseReceiptView(text));
  return { view, sources: liveSources(context) };
}

function readFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CliError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(
      `${path} cannot be read as a receipt: ${reason}. It must hold what the node answers to GET /v1/receipts/<id>, or a bundle.`,
    );
  }
}

function receiptId(text: string): Hex {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as Hex;
  throw new CliError(`"${text}" is neither a file nor a receipt id (0x and 64 hexadecimal digits).`);
}
