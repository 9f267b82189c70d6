import type { KindExplanation, ReceiptExplanation } from '@openledger/sdk/protocol/explain';
import type { Hex } from 'viem';
import type { DevnetConfig } from '../devnet/config.ts';
import { operatorToken } from '../devnet/devnet.ts';
import { CliError } from '../error.ts';
import { toJson } from '../json.ts';
import { explainClaimById, explainReceiptById } from '../receipt/explain.ts';
import { openContext } from '../thread/context.ts';

export type ExplainFlags = { receipt?: string; claim?: string; json?: boolean };

/** Why a contribution was, or was not, paid for an answer or by a claim: in words, or as JSON. */
export async function explainCommand(
  config: DevnetConfig,
  contribution: string,
  flags: ExplainFlags,
): Promise<void> {
  const id = Number(contribution);
  if (!Number.isSafeInteger(id) || id < 1) {
    throw new CliError(`"${contribution}" is not the number of a contribution's token.`);
  }
  if ((flags.receipt === undefined) === (flags.claim === undefined)) {
    throw new CliError('Say what to explain: --receipt <id> or --claim <id>.');
  }
  const context = await openContext(config, operatorToken(config), () => undefined);
  if (flags.claim !== undefined) {
    const claim = await explainClaimById(context, id, hash(flags.claim, 'claim'));
    if (flags.json) return console.log(toJson(claim));
    console.log(claim.words);
    for (const receipt of claim.receipts) console.log(`receipt ${receipt.number}: ${receipt.words}`);
    return;
  }
  const receipt = await explainReceiptById(context, id, hash(flags.receipt!, 'receipt'));
  if (flags.json) return console.log(toJson(receipt));
  console.log(receipt.words);
  for (const kind of receipt.kinds) console.log(competitors(kind, receipt));
}

/** The listed and the next ones behind them, with the contribution among them. */
function competitors(
  { kind, competitors: others, score, amount }: KindExplanation,
  { asset }: ReceiptExplanation,
): string {
  const own = score === undefined ? [] : [{ asset, score, amount, listed: amount > 0n }];
  const rows = [...own, ...others].toSorted((a, b) =>
    a.score > b.score ? -1 : a.score < b.score ? 1 : a.asset - b.asset,
  );
  const lines = rows.slice(0, 12).map((one, index) => {
    const mark = one.asset === asset ? '>' : ' ';
    return `${mark} ${String(index + 1).padStart(3)}  asset ${String(one.asset).padEnd(6)} score ${String(one.score).padEnd(16)} ${one.amount} wei`;
  });
  return [`${kind}:`, ...(lines.length === 0 ? ['  nobody'] : lines)].join('\n');
}

function hash(text: string, what: string): Hex {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as Hex;
  throw new CliError(`"${text}" is not a ${what} id (0x and 64 hexadecimal digits).`);
}
