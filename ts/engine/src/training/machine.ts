import { readFileSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import type { Device } from '../runtime/profile.ts';

/** The processor that a run was computed on. Native runs give the same bits on one `class` only. */
export type Machine = {
  readonly model: string;
  /** Architecture and the widest vector instructions, such as `x64 avx512_vnni avx512f avx2 fma`; a device goes first. */
  readonly class: string;
};

/** Instructions that the native runtime picks its kernels by, the newest first. */
const INSTRUCTIONS = ['amx_int8', 'avx512_bf16', 'avx512_vnni', 'avx512f', 'avx_vnni', 'avx2', 'fma', 'avx'];

export function describeMachine(device: Device = 'cpu'): Machine {
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo())?.[1].trim().split(/\s+/) ?? []);
  const known = INSTRUCTIONS.filter((instruction) => flags.has(instruction));
  return {
    model: cpus()[0]?.model.trim() ?? 'unknown',
    class: [...(device === 'cpu' ? [] : [device]), arch(), ...known].join(' '),
  };
}

/** Linux tells of instructions here; elsewhere architecture and model have to do. */
function cpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
