import { say } from "./report.ts";

/**
 * Prints how far a long step has come: `enroll 1200 of 21333, 310/s, 65 s left`. Another process may read these lines,
 * so their beginning stays as it is.
 */
export class Progress {
  #done = 0;
  #shown = -1;
  readonly #start = Date.now();
  readonly #timer: NodeJS.Timeout;
  readonly #step: string;
  readonly #total: number;

  /** @param everyMs time between two lines. */
  constructor(step: string, total: number, everyMs: number) {
    this.#step = step;
    this.#total = total;
    this.#timer = setInterval(() => this.#show(), everyMs);
  }

  add(count: number): void {
    this.#done += count;
  }

  /** @returns the seconds it took. */
  end(): number {
    clearInterval(this.#timer);
    this.#show();
    return this.#seconds();
  }

  #show(): void {
    if (this.#done === this.#shown) return;
    this.#shown = this.#done;
    const perSecond = this.#done / this.#seconds();
    const left = perSecond > 0 ? `${Math.ceil((this.#total - this.#done) / perSecond)} s left` : "no end in sight";
    say(`${this.#step.padEnd(8)} ${this.#done} of ${this.#total}, ${Math.round(perSecond)}/s, ${left}`);
  }

  #seconds(): number {
    return Math.max(Date.now() - this.#start, 1) / 1_000;
  }
}
