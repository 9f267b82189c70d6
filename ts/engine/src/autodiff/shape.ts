/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** The shape of an elementwise operation under NumPy's broadcasting rule. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new Error(`Shapes [${a}] and [${b}] do not broadcast.`);
    return Math.max(x, y);
  });
}

/** The axes along which `from` was repeated to reach `to`. */
export function broadcastAxes(from: readonly number[], to: readonly number[]): number[] {
  const offset = to.length - from.length;
  return to.map((_, i) => i).filter((i) => i < offset || (from[i - offset] === 1 && to[i] !== 1));
}
