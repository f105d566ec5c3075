import { kidsOfGroup, type Program } from "../unlock/index.ts";

// Items that are kept open for a learner although the rules do not open them now, and which of them depend on one
// thing. This is read from the rules, not from history: an item depends on a fact (a cohort, the day of enrollment) if
// its own conditions ask for it, or those of its chapter.

/** Items that depend on what the learner did with an item, the item itself, and the problems of such chapters. */
export function restingOnItem(program: Program, item: number): Set<number> {
  return withProblems(program, [...dependentsOf(program, item), ...program.askTotal]);
}

/** Items whose rule has a leaf of one of these kinds (see OP), and the problems of such chapters. */
export function restingOnLeaf(program: Program, ...ops: number[]): Set<number> {
  const asking: number[] = [];
  for (let item = 0; item < program.size; item += 1) {
    if (ops.some((op) => hasLeaf(program, program.roots[item] ?? -1, op))) asking.push(item);
  }
  return withProblems(program, asking);
}

/**
 * An item, and its problems if it is a chapter. In a course from Canvas also the items that depend on any of these, and
 * so on.
 */
export function withProblems(program: Program, items: Iterable<number>): Set<number> {
  const found = new Set(items);
  // Items that are added during the walk are visited, too.
  for (const item of found) {
    for (const problem of program.problemsOf[item] ?? []) if (program.gate[problem] === item) found.add(problem);
    if (program.relocks !== null) for (const next of dependentsOf(program, item)) found.add(next);
  }
  return found;
}

/** The items that depend on an item, or on the chapter that it completes. */
function dependentsOf(program: Program, item: number): number[] {
  const parent = program.completion?.parent[item] ?? -1;
  return [...(program.dependents[item] ?? [item]), ...(program.dependents[parent] ?? [])];
}

function hasLeaf(program: Program, node: number, op: number): boolean {
  if (node < 0) return false;
  const { nodes } = program;
  if (nodes.op[node] === op) return true;
  return kidsOfGroup(program, node).some((kid) => hasLeaf(program, kid, op));
}
