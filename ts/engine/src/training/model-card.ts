import type { Evaluation } from './evaluation.ts';
import { runIdOf, type TrainingManifest } from './manifest.ts';
import type { RunResult } from './run.ts';

/** The `README.md` of a run's result: where it comes from, how it can be checked, and what was measured. */
export function encodeModelCard(manifest: TrainingManifest, result: RunResult): string {
  const { profile, package: runtime } = manifest.runtime;
  const { machine } = result;
  const numbers =
    profile === 'exact'
      ? 'exact: the same manifest gives the same bits on every machine.'
      : `native, on ${machine.model} (${machine.class}): bits differ between kinds of CPU, so a step can be checked within a tolerance and no dispute be decided bit by bit.`;
  return [
    '---',
    manifest.lora === undefined ? 'library_name: transformers' : 'library_name: peft',
    '---',
    '',
    `# Run ${runIdOf(manifest)}`,
    '',
    `- Base weights: \`${manifest.base.weightsHash}\``,
    `- Data: ${manifest.data.rowCount} rows of ${manifest.data.contributions.length} contributions, format ${manifest.data.format}`,
    `- Trained: ${describeTrained(manifest)}`,
    `- Steps: ${result.records.length} of at most ${manifest.steps}; these are the weights after step ${result.step}`,
    `- Arithmetic: ${numbers} ${runtime}`,
    '',
    ...measurements(result),
  ].join('\n');
}

function describeTrained({ lora }: TrainingManifest): string {
  if (lora === undefined) return 'all weights';
  const scaling = lora.rankStabilised ? ', rank-stabilised' : '';
  return `LoRA of rank ${lora.rank}, alpha ${lora.alpha}${scaling}, on ${lora.targets.join(', ')}`;
}

function measurements({ evaluations, step }: RunResult): string[] {
  const before = evaluations.find((one) => one.step === 0);
  const after = evaluations.find((one) => one.step === step) ?? evaluations.at(-1);
  if (before === undefined || after === undefined) return [];
  const cell = (evaluation: Evaluation, datanet: number) =>
    evaluation.datanets.find((one) => one.datanet === datanet)?.perplexity.toFixed(2) ?? '–';
  return [
    'Perplexity on rows that were kept out of training:',
    '',
    '| datanet | tokens | before | after |',
    '|---|---|---|---|',
    ...before.datanets.map(
      ({ datanet, tokens }) =>
        `| ${datanet} | ${tokens} | ${cell(before, datanet)} | ${cell(after, datanet)} |`,
    ),
    `| all | | ${before.perplexity.toFixed(2)} | ${after.perplexity.toFixed(2)} |`,
    '',
  ];
}
