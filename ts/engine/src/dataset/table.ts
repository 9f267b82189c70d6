import type { LengthStatistics } from './lengths.ts';
import type { DatasetReport } from './report.ts';
import { textTable } from './text-table.ts';

/** Lines of a list that are printed before the rest is only counted; the JSON form has all of them. */
const LISTED = 20;

/** The report for people: what is in, what is out and why, and what somebody should look at. */
export function reportTable(report: DatasetReport): string {
  const { totals, policy, contributions, excluded, overlaps, sensitive, lengths } = report;
  const sections = [
    `${totals.includedRows} of ${totals.rows} rows from ${totals.includedContributions} of ${totals.contributions} contributions may be trained on (${policy.use} use).`,
    textTable(
      ['contribution', 'datanet', 'licence', 'rows', 'included', 'name'],
      contributions.map((one) => [one.id, one.datanet, one.licence, one.rows, one.includedRows, one.name]),
    ),
    list(
      'Left out',
      excluded.map(
        ({ contribution, firstRow, rowCount, reason, detail }) =>
          `contribution ${contribution}, ${rowRange(firstRow, rowCount)}: ${reason}, ${detail}`,
      ),
    ),
    list(
      `Exact duplicates: ${totals.exactDuplicates} rows`,
      report.exactDuplicates.map(({ first, others }) => `${place(first)} ← ${others.map(place).join(', ')}`),
    ),
    list(
      `Near-duplicates (Jaccard ≥ ${policy.nearDuplicates.jaccard} over ${policy.nearDuplicates.shingleWords}-word shingles): ${totals.nearDuplicates} rows`,
      report.nearDuplicates.map(
        ({ first, others }) =>
          `${place(first)} ← ${others.map((one) => `${place(one)} (${one.similarity.toFixed(2)})`).join(', ')}`,
      ),
    ),
    list(
      'Had first by another contribution',
      overlaps.map(
        ({ contribution, earlier, rows }) =>
          `${rows} rows of contribution ${contribution}: by contribution ${earlier}`,
      ),
    ),
    list(
      `Sensitive: ${totals.sensitiveRows} rows`,
      sensitive.map((span) => `${place(span)}: ${span.kind} at ${span.start}`),
    ),
    policy.heldOut === null
      ? undefined
      : section(
          `Held out: ${totals.heldOutRows} rows repeat one of ${policy.heldOut.texts} texts (${policy.heldOut.hash})`,
          report.heldOut.map((one) => `${place(one)}: text ${one.text} (${one.similarity.toFixed(2)})`),
        ),
    lengthSection('Characters', lengths.characters),
    lengths.tokens === null ? undefined : lengthSection('Tokens', lengths.tokens),
  ];
  return `${sections.filter((section) => section !== undefined).join('\n\n')}\n`;
}

function list(title: string, lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : section(title, lines);
}

function section(title: string, lines: readonly string[]): string {
  const rest = lines.length > LISTED ? [`  … and ${lines.length - LISTED} more (--json lists all)`] : [];
  const colon = lines.length > 0 ? ':' : '';
  return [`${title}${colon}`, ...lines.slice(0, LISTED).map((line) => `  ${line}`), ...rest].join('\n');
}

function lengthSection(title: string, stats: LengthStatistics): string | undefined {
  if (stats.count === 0) return undefined;
  const most = Math.max(...stats.histogram.map(({ rows }) => rows));
  const bins = stats.histogram.map(({ from, rows }) => [
    `  ${from}…`,
    rows,
    '█'.repeat(Math.ceil((30 * rows) / most)),
  ]);
  const summary = `${title} per row: ${stats.least} to ${stats.most}, mean ${stats.mean}, median ${stats.median}, 95 % at most ${stats.p95}, ${stats.total} in all`;
  return `${summary}\n${textTable(['  from', 'rows', ''], bins)}`;
}

const place = ({ contribution, row }: { contribution: number; row: number }) => `${contribution}#${row}`;

function rowRange(first: number, count: number): string {
  return count === 1 ? `row ${first}` : `rows ${first} to ${first + count - 1}`;
}
