/** One of those whose times are compared. */
export interface Runner {
  name: string;
  /** How long it runs before it is timed, for the just-in-time compiler. At least once. */
  warmUpMs: number;
  /** Does the work `times` times and returns something that depends on it, so that nothing is optimised away. */
  work(times: number): unknown;
}

/** Nanoseconds for one time the work, round by round. */
export type Timings = ReadonlyMap<string, readonly number[]>;

/** A sample lasts at least this long, so that the clock's grain and a stray interruption weigh little. */
const SAMPLE_MS = 60;

/**
 * Times runners in turn, round after round (A B C, A B C, ...), so that a machine that slows down slows all alike.
 */
export async function timeInTurn(runners: readonly Runner[], rounds: number): Promise<Timings> {
  const times: number[] = [];
  for (const runner of runners) times.push(timesPerSample(await warmUp(runner)));
  const timings = runners.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, runner] of runners.entries()) {
      timings[at]?.push(await timeOnce(runner, times[at] ?? 1));
    }
  }
  return new Map(runners.map(({ name }, at) => [name, timings[at] ?? []]));
}

function timesPerSample(nanoseconds: number): number {
  return Math.max(1, Math.ceil((SAMPLE_MS * 1e6) / nanoseconds));
}

/** Nanoseconds for one time the work, as of the end of the warm-up. */
async function warmUp(runner: Runner): Promise<number> {
  const end = performance.now() + runner.warmUpMs;
  let each = await timeOnce(runner, 1);
  // One run may already be longer than the whole warm-up.
  while (performance.now() < end) each = await timeOnce(runner, timesPerSample(each));
  return each;
}

/** Kept so that the results of all work are reachable. */
let lastResult: unknown;

async function timeOnce(runner: Runner, times: number): Promise<number> {
  const start = performance.now();
  const result = runner.work(times);
  lastResult = result instanceof Promise ? await result : result;
  const elapsed = performance.now() - start;
  if (lastResult === undefined) throw new Error(`${runner.name} returned nothing`);
  return (elapsed * 1e6) / times;
}
