import { spread } from "./bench.ts";
import type { Load } from "./wrk.ts";

/** One of those who are measured in turn. */
export interface Contender {
  name: string;
  run(round: number): Promise<Load>;
}

export interface Standing {
  name: string;
  loads: Load[];
  perSecond: number;
  cpuPer1000: number;
}

/**
 * Lets contenders run in turn, round after round (A B C, A B C, …), so that a machine that slows down slows all alike.
 * @returns the median of each.
 * @throws when a contender's answers have errors: a fast wrong answer is no result.
 */
export async function contest(
  contenders: readonly Contender[],
  rounds: number,
  say: (line: string) => void,
): Promise<Standing[]> {
  const loads = contenders.map((): Load[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, contender] of contenders.entries()) {
      const load = await contender.run(round);
      if (load.errors > 0) throw new Error(`${contender.name}: ${load.errors} errors in ${load.requests} requests`);
      loads[at]?.push(load);
      say(`  ${contender.name.padEnd(28)} ${load.perSecond.toFixed(0).padStart(7)} a second`);
    }
  }
  return contenders.map(({ name }, at) => {
    const own = loads[at] ?? [];
    return {
      name,
      loads: own,
      perSecond: spread(own.map((load) => load.perSecond)).median,
      cpuPer1000: spread(own.map((load) => load.cpuPer1000)).median,
    };
  });
}

/** Ratio of two contenders round by round: each pair was measured within the same seconds. */
export function ratios(a: Standing | undefined, b: Standing | undefined, of: (load: Load) => number): number[] {
  return (a?.loads ?? []).flatMap((load, at) => {
    const other = b?.loads[at];
    return other === undefined ? [] : [of(load) / of(other)];
  });
}
