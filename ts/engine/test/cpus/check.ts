/**
 * `npm run check:cpus`: the exact profile gives the same bits on processors with other instructions, as QEMU emulates
 * them. Needs `qemu-x86_64` (Debian: qemu-user) on Linux x64; takes some minutes. Ends with 1 when a bit differs.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** None; SSE 4.2 only; AVX2. */
const CPUS = [undefined, 'Nehalem', 'Haswell-v4'];
const program = fileURLToPath(new URL('./bits.ts', import.meta.url));

type Bits = { readonly steps: string; readonly sketches: string };

function bitsOn(cpu: string | undefined): Bits {
  const node = [process.execPath, program];
  const [file, ...args] = cpu === undefined ? node : ['qemu-x86_64', '-cpu', cpu, ...node];
  const { stdout, stderr, status, error } = spawnSync(file, args, { encoding: 'utf8' });
  if (error) throw new Error(`${file} cannot be started (${error.message}). Install qemu-user.`);
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} failed:\n${stderr.slice(-2000)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

const rows = CPUS.map((cpu) => {
  const started = performance.now();
  const { steps, sketches } = bitsOn(cpu);
  return {
    cpu: cpu ?? 'this one',
    steps,
    sketches,
    seconds: Math.round((performance.now() - started) / 1000),
  };
});
console.table(
  rows.map((row) => ({ ...row, steps: row.steps.slice(0, 18), sketches: row.sketches.slice(0, 18) })),
);
const same = rows.every(({ steps, sketches }) => steps === rows[0].steps && sketches === rows[0].sketches);
console.log(same ? 'The same bits on all.' : 'The bits differ.');
process.exit(same ? 0 : 1);
