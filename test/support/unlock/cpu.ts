interface Usage {
  /** Microseconds. */
  user: number;
  system: number;
}
// These tests run in Node, under the types of the Worker.
declare const process: { cpuUsage(since?: Usage): Usage };

/**
 * How much of a processor some work took, milliseconds. Unlike the time on the clock it is the same on a machine that has
 * other things to do.
 */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
