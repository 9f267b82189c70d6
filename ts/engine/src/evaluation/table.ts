import { textTable } from '../dataset/text-table.ts';
import type { EvaluationResult } from './result.ts';

/** The result for people. */
export function evaluationTable(result: EvaluationResult): string {
  const { perplexity, exactMatch, sideBySide } = result;
  const sections: string[] = [];
  if (perplexity.length > 0) {
    const rows = perplexity.map((one) => [
      one.name,
      one.trained ? 'yes' : 'no',
      one.rows,
      one.tokens,
      one.base.perplexity.toFixed(2),
      one.adapter?.perplexity.toFixed(2) ?? '—',
    ]);
    sections.push(textTable(['perplexity of', 'trained', 'rows', 'tokens', 'base', 'adapter'], rows));
  }
  if (exactMatch.length > 0) {
    const share = (right: number, questions: number) =>
      questions === 0 ? '—' : `${((100 * right) / questions).toFixed(1)} %`;
    const rows = exactMatch.map(({ task, questions, base, adapter }) => [
      task,
      questions,
      share(base, questions),
      adapter === null ? '—' : share(adapter, questions),
    ]);
    sections.push(textTable(['exact answers', 'questions', 'base', 'adapter'], rows));
  }
  for (const { prompt, temperature, seed, base, adapter } of sideBySide) {
    const how = temperature === 0 ? 'greedy' : `temperature ${temperature}, seed ${seed}`;
    const lines = [`${prompt} (${how})`, `  base:    ${base.trim()}`];
    if (adapter !== null) lines.push(`  adapter: ${adapter.trim()}`);
    sections.push(lines.join('\n'));
  }
  return `${sections.join('\n\n')}\n`;
}
