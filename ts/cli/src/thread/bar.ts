/** A progress bar of 24 characters. `share` is between 0 and 1. */
export function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * 24);
  return `[${'#'.repeat(filled)}${'-'.repeat(24 - filled)}]`;
}
