import type { JobSettings } from '../../lib/jobs.ts';

type Setting = {
  key: keyof JobSettings;
  label: string;
  hint: string;
  min: number;
  max: number;
  whole: boolean;
};

/** The settings that may be changed, with the bounds that the node checks. */
export const SETTINGS: readonly Setting[] = [
  {
    key: 'epochs',
    label: 'Epochs',
    hint: 'how often each row is seen',
    min: 1,
    max: 200,
    whole: true,
  },
  { key: 'batch', label: 'Batch', hint: 'rows per step', min: 1, max: 64, whole: true },
  { key: 'rank', label: 'Rank', hint: 'size of the adapter', min: 1, max: 64, whole: true },
  {
    key: 'learningRate',
    label: 'Learning rate',
    hint: 'peak, after the warm-up',
    min: 1e-8,
    max: 0.1,
    whole: false,
  },
  {
    key: 'seed',
    label: 'Seed',
    hint: 'the same seed gives the same bits',
    min: 0,
    max: 0xffffffff,
    whole: true,
  },
];

/** Reads what was typed: the settings that differ from the preset, and what is wrong with the rest. */
export function readSettings(typed: Readonly<Record<string, string>>): {
  settings: JobSettings;
  problems: string[];
} {
  const settings: JobSettings = {};
  const problems: string[] = [];
  for (const { key, label, min, max, whole } of SETTINGS) {
    const text = (typed[key] ?? '').trim().replace(',', '.');
    if (text === '') continue;
    const value = Number(text);
    if (Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value))) {
      settings[key] = value;
    } else {
      problems.push(`${label.toLowerCase()} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
    }
  }
  return { settings, problems };
}
