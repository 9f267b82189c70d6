import { Random } from '@openledger/engine/numeric/random';

/** What the machine's memory allows, measured in this run. */
export type MemoryLimits = {
  /** One load after the other, each from the place that the one before gave. */
  readonly dependentNs: number;
  /** Loads that do not wait for one another. */
  readonly overlappedNs: number;
  readonly gigabytesPerSecond: number;
};

const CELLS = 1 << 26;
const LOADS = 1 << 21;

/** Measures random loads from, and a pass over, 256 MiB. */
export function memoryLimits(): MemoryLimits {
  const random = new Random(1);
  const cells = Int32Array.from({ length: CELLS }, (_, i) => i);
  // One cycle through all cells (Sattolo), so that every load is a new one.
  for (let i = CELLS - 1; i > 0; i -= 1) {
    const j = random.below(i);
    const cell = cells[i];
    cells[i] = cells[j];
    cells[j] = cell;
  }
  const places = Int32Array.from({ length: LOADS }, () => random.below(CELLS));
  let kept = 0;
  const dependent = seconds(() => {
    for (let i = 0; i < LOADS; i += 1) kept = cells[kept];
  });
  const overlapped = seconds(() => {
    for (let i = 0; i < LOADS; i += 1) kept ^= cells[places[i]];
  });
  const pass = seconds(() => {
    for (let i = 0; i < CELLS; i += 1) kept ^= cells[i];
  });
  if (kept === CELLS) throw new Error('No cell has this number.');
  return {
    dependentNs: (dependent / LOADS) * 1e9,
    overlappedNs: (overlapped / LOADS) * 1e9,
    gigabytesPerSecond: (CELLS * 4) / pass / 1e9,
  };
}

/** The least of three runs, so that a loop is compiled and another job's turn is left out. */
function seconds(run: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    const started = performance.now();
    run();
    least = Math.min(least, (performance.now() - started) / 1000);
  }
  return least;
}
