import { formatEther } from 'viem';
import type { DevnetConfig } from '../devnet/config.ts';
import type { StepResult, ThreadResults } from './results.ts';

/** What each step of the thread showed, in a line or two. Every figure was checked by its step. */
export function summary({ steps }: ThreadResults, seconds: Record<string, number>): string {
  const of = (name: string): StepResult => steps[name]?.result ?? {};
  const { contribute, train, ask, attribute, settle, liar, govern } = {
    contribute: of('contribute'),
    train: of('train'),
    ask: of('ask'),
    attribute: of('attribute'),
    settle: of('settle'),
    liar: of('liar'),
    govern: of('govern'),
  };
  const datanets = (contribute.datanets ?? []) as { contributions: { rows: number }[] }[];
  const contributions = datanets.flatMap((d) => d.contributions);
  const lines = [
    `contribute  ${contributions.length} contributions with ${contributions.reduce((n, c) => n + c.rows, 0)} rows in ${datanets.length} datanets, each an ERC-721`,
    `train       ${train.steps} steps, loss ${Number(train.firstLoss).toFixed(2)} → ${Number(train.lastLoss).toFixed(3)}, every step's record under the anchored root; model ${train.modelId}`,
    `ask         ${(ask.questions as unknown[] | undefined)?.length} answers streamed, vouchers signed for ${formatEther(BigInt((ask.fees as string | undefined) ?? '0'))} OPEN`,
    `attribute   ${attribute.checks} checks recomputed from public data, all held; the source came first in ${attribute.sourceFirst} of ${attribute.known} answers with one`,
    `settle      claim ${String(settle.claimId).slice(0, 12)}… final, ${(settle.paid as unknown[] | undefined)?.length} assets paid`,
    `liar        seed ${liar.seed}: tampered ${liar.field}, proved by ${liar.predicate} in one transaction; ${formatEther(BigInt((liar.slashed as string | undefined) ?? '0'))} OPEN slashed`,
    `govern      threshold ${(govern.oldThreshold as { base: number } | undefined)?.base} → ${(govern.threshold as { base: number } | undefined)?.base} ppm by vote; the same answers now pay ${changed(govern)} assets differently, as computed before the vote`,
  ];
  const times = Object.entries(seconds).map(([name, s]) => `${name} ${s.toFixed(1)} s`);
  return `\n${lines.join('\n')}\n\n${times.join(' · ')}\n`;
}

/** How many assets' payouts the vote changed. */
function changed(govern: StepResult): number {
  const before = (govern.oldPayouts ?? {}) as Record<string, string>;
  const after = (govern.newPayouts ?? {}) as Record<string, string>;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (asset) => before[asset] !== after[asset],
  ).length;
}

/** Where to look, once everything is up. */
export function closingLines(config: DevnetConfig): string {
  return [
    '',
    `studio    ${config.urls.studio}`,
    `node      ${config.urls.node}/v1  (OpenAI-compatible)`,
    `indexer   ${config.urls.indexer}/graphql`,
    `chain     ${config.urls.rpc}  (chain id 31337, coin OPEN)`,
    '',
    'Everything stays up in the background. `npm stop` stops it; `npm start` continues.',
  ].join('\n');
}
