/** A line on the terminal that counts up to `total`, with the time that is left. Silent when nobody watches. */
export function progress(label: string, total: number): (done: number) => void {
  const started = performance.now();
  let first: number | undefined;
  return (done) => {
    first ??= done;
    if (!process.stderr.isTTY) return;
    const seconds = (performance.now() - started) / 1000;
    const left = done > first ? Math.round((seconds / (done - first)) * (total - done)) : undefined;
    const width = 24;
    const filled = Math.round((done / Math.max(1, total)) * width);
    const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
    process.stderr.write(
      `\r${label} ${bar} ${done}/${total}${left === undefined ? '' : `, ${left} s left`}   `,
    );
    if (done === total) process.stderr.write('\n');
  };
}
