/** Environment variable that repeats a run with the seed it printed. */
const SEED_VARIABLE = "LATCHKEY_TEST_SEED";
const SEEDS = 2 ** 32;

/** The seed of this run: a fresh one, or the one given in LATCHKEY_TEST_SEED. Printed, so that a failure can be repeated. */
export function testSeed(): number {
  const given = process.env[SEED_VARIABLE];
  const seed = given === undefined ? Math.floor(Math.random() * SEEDS) : Number(given);
  console.info(`${SEED_VARIABLE}=${seed}`);
  return seed;
}

/** Repeatable random numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** @returns a number from 0 inclusive to 1 exclusive. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / SEEDS;
  }

  /** @returns an integer from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** @throws when there is nothing to choose from. */
  pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    return chosen;
  }

  /** Up to `count` different ones, in random order. */
  sample<T>(choices: readonly T[], count: number): T[] {
    const left = [...choices];
    const taken: T[] = [];
    while (taken.length < count && left.length > 0) taken.push(...left.splice(this.below(left.length), 1));
    return taken;
  }
}
