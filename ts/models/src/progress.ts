/** A progress bar on one line of a terminal, or a line now and then where there is none. */
export class ProgressBar {
  readonly #label: string;
  readonly #total: number;
  readonly #started = performance.now();
  readonly #first: number;
  #lastLine = 0;

  constructor(label: string, total: number, first = 0) {
    this.#label = label;
    this.#total = total;
    this.#first = first;
  }

  update(done: number, note: string): void {
    const seconds = (performance.now() - this.#started) / 1000;
    const left = done > this.#first ? (seconds / (done - this.#first)) * (this.#total - done) : 0;
    const filled = Math.round((30 * done) / this.#total);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(30 - filled)}`;
    const line = `${this.#label} ${bar} ${done}/${this.#total}  ${note}  ${duration(left)} left`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line}\u001b[K`);
    else if (seconds - this.#lastLine > 15 || done === this.#total) {
      this.#lastLine = seconds;
      process.stderr.write(`${line}\n`);
    }
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\n');
  }
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
