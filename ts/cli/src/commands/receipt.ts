import { existsSync, readFileSync } from 'node:fs';
import type { Hex } from 'viem';
import type { DevnetConfig } from '../devnet/config.ts';
import { operatorToken } from '../devnet/devnet.ts';
import { CliError } from '../error.ts';
import { createAdapterLoader } from '../receipt/adapter-evidence.ts';
import { verifyReceipt } from '../receipt/verify.ts';
import { openContext } from '../thread/context.ts';
import { attributed, parseReceiptView, type ReceiptView } from '../thread/receipts.ts';

/** Verifies a receipt by its id at the node, or from a file that holds what `GET /v1/receipts/:id` answered. */
export async function verifyReceiptCommand(
  config: DevnetConfig,
  source: string,
  json: boolean,
): Promise<void> {
  const context = await openContext(config, operatorToken(config), () => undefined);
  const view = existsSync(source) ? readReceiptFile(source) : await attributed(context, receiptId(source));
  const adapters = createAdapterLoader(context);
  const checks = await verifyReceipt(context, view, adapters);
  await adapters.close();
  if (json) console.log(JSON.stringify({ receipt: view.id, ok: checks.every(({ ok }) => ok), checks }));
  else
    for (const { name, ok, detail } of checks)
      console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}${detail === undefined ? '' : `: ${detail}`}`);
  if (checks.some(({ ok }) => !ok)) process.exitCode = 1;
}

function readReceiptFile(path: string): ReceiptView {
  try {
    return parseReceiptView(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(
      `${path} cannot be read as a receipt: ${reason}. It must hold what the node answers to GET /v1/receipts/<id>.`,
    );
  }
}

function receiptId(text: string): Hex {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as Hex;
  throw new CliError(`"${text}" is neither a file nor a receipt id (0x and 64 hexadecimal digits).`);
}
