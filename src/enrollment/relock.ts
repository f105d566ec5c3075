import { kidsOfGroup, type Program } from "../unlock/index.ts";

// What is kept open for a learner although the rules do not open it now, and what of it rests on one thing. What rests
// on something is read from the rules, not from history: an item rests on a fact (a cohort, the day of enrollment) when
// its own conditions ask for it, or those of the chapter it stands in.

/** Items that ask for what the learner did with an item, the item itself, and the problems of chapters that do. */
export function restingOnItem(program: Program, item: number): Set<number> {
  return withProblems(program, [...dependentsOf(program, item), ...program.askTotal]);
}

/** Items whose rule has a leaf of one of these kinds (see OP), and the problems of chapters that have one. */
export function restingOnLeaf(program: Program, ...ops: number[]): Set<number> {
  const asking: number[] = [];
  for (let item = 0; item < program.size; item += 1) {
    if (ops.some((op) => hasLeaf(program, program.roots[item] ?? -1, op))) asking.push(item);
  }
  return withProblems(program, asking);
}

/** An item, and its problems where it is a chapter. From Canvas also what rests on any of these, and so on. */
export function withProblems(program: Program, items: Iterable<number>): Set<number> {
  const found = new Set(items);
  // Those that are added meanwhile are visited, too.
  for (const item of found) {
    for (const problem of program.problemsOf[item] ?? []) if (program.gate[problem] === item) found.add(problem);
    if (program.relocks !== null) for (const next of dependentsOf(program, item)) found.add(next);
  }
  return found;
}

/** What asks for an item, or for the chapter that is complete by it. */
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
