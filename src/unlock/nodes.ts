import { NONE, OP, type Program } from "./program.ts";

// Functions that walk the nodes of compiled rules.

/** The children of a group or a `not`, or the items of a progress or average leaf. */
export function kidsOf(program: Program, node: number): number[] {
  const first = program.nodes.first[node] ?? 0;
  return [...program.nodes.kids.subarray(first, first + (program.nodes.count[node] ?? 0))];
}

/** The same without the items of leaves: only nodes. */
export function kidsOfGroup(program: Program, node: number): number[] {
  return isGroup(program, node) || program.nodes.op[node] === OP.NOT ? kidsOf(program, node) : [];
}

/** Whether a node is an `all`, `any` or `at_least`. */
export function isGroup(program: Program, node: number): boolean {
  const op = program.nodes.op[node];
  return op === OP.ALL || op === OP.ANY || op === OP.AT_LEAST;
}

/** The number of nodes in a rule. */
export function nodesIn(program: Program, node: number): number {
  if (node === NONE) return 0;
  const op = program.nodes.op[node];
  if (op === OP.PROGRESS || op === OP.AVERAGE) return program.nodes.count[node] ?? 0;
  return kidsOfGroup(program, node).reduce((sum, kid) => sum + nodesIn(program, kid), 1);
}

/** Items that leaves of a rule want completed, one item each. */
export function completedIn(program: Program, node: number): number[] {
  const op = program.nodes.op[node];
  if (op === OP.COMPLETED || op === OP.AFTER) return [program.nodes.arg[node] ?? NONE];
  if (!isGroup(program, node)) return [];
  return kidsOf(program, node).flatMap((kid) => completedIn(program, kid));
}
