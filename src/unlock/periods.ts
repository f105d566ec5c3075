import { OP, type Program } from "./program.ts";
import type { Scope } from "./scope.ts";

/** Whether a part of a rule may require that a waiting period is not over yet. */
export function deniesPeriod(program: Program, node: number, wanted: boolean): boolean {
  const { op, first, count, kids } = program.nodes;
  const start = first[node] ?? 0;
  const inner = (isWanted: boolean) =>
    kids.subarray(start, start + (count[node] ?? 0)).some((kid) => deniesPeriod(program, kid, isWanted));
  switch (op[node]) {
    case OP.AFTER:
      return !wanted;
    case OP.NOT:
      return inner(!wanted);
    case OP.ALL:
    case OP.ANY:
    case OP.AT_LEAST:
      return inner(wanted);
    default:
      return false;
  }
}

/** When the last lock that staff put on an item runs out; Infinity if one lasts. */
export function lockedUntil({ learner, now }: Scope, item: number): number {
  let until = now;
  for (const { index, kind, expires_at } of learner.overrides) {
    if (index !== item || kind !== "lock" || (expires_at !== null && expires_at <= now)) continue;
    until = Math.max(until, expires_at ?? Number.POSITIVE_INFINITY);
  }
  return until;
}
